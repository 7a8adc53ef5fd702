using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Deals;
using Npgsql;

namespace CallCrm.CrmApi.Imports;

/// <param name="Results">Of the rows that could be read.</param>
internal sealed record ImportOutcome(IReadOnlyList<ClientImported> Results, IReadOnlyList<(TableRow Row, IReadOnlyList<CellError> Errors)> Wrong, IReadOnlyList<ImportMatchView> Matches, IReadOnlyList<ImportErrorView> Errors, int Deals)
{
    public int Count<T>() where T : ClientImported => Results.Count(r => r is T);
}

/// <summary>Writes some rows in the caller's transaction, and says what became of each.</summary>
/// <param name="user">Who loads the file.</param>
internal sealed class ImportBatch(ClientDirectory directory, CardAudit audit, DealImport deals, Guid user, ImportStart plan, ImportRule rule, NameBook? names, IReadOnlyList<string> header)
{
    public static ImportRule RuleOf(ImportStart plan, string region, DateTimeOffset? before, Guid run) => new(plan.Duplicates switch
    {
        "fill_empty" => ImportDuplicates.FillEmpty,
        "overwrite" => ImportDuplicates.Overwrite,
        "always_new" => ImportDuplicates.AlwaysNew,
        _ => ImportDuplicates.Skip,
    }, plan.MatchNumber, plan.MatchMail, region, plan.MatchTaxId, plan.Alike switch { "file" => ImportAlike.Refuse, "ignore" => ImportAlike.Ignore, _ => ImportAlike.Make },
        plan.Companies switch { "link" => ImportCompanies.Link, "make" => ImportCompanies.Make, _ => ImportCompanies.Text }, before, run);

    public async Task<ImportOutcome> WriteAsync(NpgsqlTransaction transaction, IReadOnlyList<ReadRow> rows, CancellationToken cancel)
    {
        var valid = rows.Where(r => r.Errors.Count == 0).ToList();
        var results = await ImportAsync(transaction, valid, cancel);
        var told = valid.Zip(results).ToList();
        var wrong = rows.Where(r => r.Errors.Count > 0).Select(r => (r.Row, Errors: All(r)))
            .Concat(told.Where(v => v.Second is ClientImported.Invalid).Select(v => (v.First.Row, Errors: Told(v.First, (ClientImported.Invalid)v.Second))))
            .Concat(told.Where(v => v.Second is ClientImported.Alike).Select(v => (v.First.Row, Errors: (IReadOnlyList<CellError>)[Alike(v.First, ((ClientImported.Alike)v.Second).Match)])))
            .OrderBy(w => w.Row.Number).ToList();
        var owners = told.Where(v => v.First.Deal is not null && Client(v.Second) is not null).Select(v => (Client(v.Second)!.Value, v.First.Deal!)).ToList();
        await audit.WriteImportedAsync(transaction, user, results, cancel);
        var made = await deals.AddAsync(transaction, owners, user, cancel);
        if (made > 0) await directory.RecalculateAsync(transaction, [.. owners.Select(o => o.Value)], cancel);
        return new ImportOutcome(results, wrong, [.. told.Select(v => Match(v.First, v.Second)).OfType<ImportMatchView>()], [.. wrong.SelectMany(w => w.Errors.Select(e => View(w.Row.Number, e)))], made);
    }

    /// <summary>What the database refuses although it was checked is found by taking the rows one by one.</summary>
    async Task<IReadOnlyList<ClientImported>> ImportAsync(NpgsqlTransaction transaction, List<ReadRow> rows, CancellationToken cancel)
    {
        await transaction.SaveAsync("rows", cancel);
        try
        {
            return await directory.ImportAsync(transaction, rows.ConvertAll(r => r.Client), rule, cancel, names);
        }
        catch (PostgresException e) when (IsOfTheData(e))
        {
            await transaction.RollbackAsync("rows", cancel);
        }

        var results = new List<ClientImported>();
        foreach (var row in rows)
        {
            await transaction.SaveAsync("rows", cancel);
            try
            {
                results.AddRange(await directory.ImportAsync(transaction, [row.Client], rule, cancel, names));
            }
            catch (PostgresException e) when (IsOfTheData(e))
            {
                await transaction.RollbackAsync("rows", cancel);
                results.Add(new ClientImported.Invalid(new Dictionary<string, string[]>(StringComparer.Ordinal) { [ImportTexts.Database] = [e.MessageText] }));
            }
        }

        return results;
    }

    // Data exceptions and violated constraints.
    static bool IsOfTheData(PostgresException e) => e.SqlState.StartsWith("22", StringComparison.Ordinal) || e.SqlState.StartsWith("23", StringComparison.Ordinal);

    static Guid? Client(ClientImported result) => result switch
    {
        ClientImported.Made made => made.Id,
        ClientImported.Changed changed => changed.Id,
        ClientImported.Skipped skipped => skipped.Id,
        _ => null,
    };

    static ImportMatchView? Match(ReadRow row, ClientImported result) => result switch
    {
        ClientImported.Made { Match: { } match } => Match(row, match, "made"),
        ClientImported.Changed changed => Match(row, changed.Match, "changed"),
        ClientImported.Skipped skipped => Match(row, skipped.Match, "skipped"),
        ClientImported.Alike alike => Match(row, alike.Match, "failed"),
        _ => null,
    };

    static ImportMatchView Match(ReadRow row, ImportMatch match, string outcome) => new(row.Row.Number, Short(row.Client.Fields.Name), match.Client, match.Reasons, match.Percent, outcome);

    /// <summary>Everything that is wrong at once, so that a row is mended once.</summary>
    IReadOnlyList<CellError> All(ReadRow row) => row.Row.Trouble is not null
        ? row.Errors
        : [.. row.Errors.Concat(ClientDirectory.Wrong(row.Client.Fields, rule.Region).Select(e => Told(row, e.Key, e.Value[0]))).OrderBy(e => e.Column ?? int.MaxValue)];

    /// <summary>The directory names fields; here they are columns.</summary>
    IReadOnlyList<CellError> Told(ReadRow row, ClientImported.Invalid invalid) => [.. invalid.Errors.Select(e => Told(row, e.Key, e.Value[0]))];

    CellError Alike(ReadRow row, ImportMatch match) => new(NameColumn, ImportTexts.Alike, row.Client.Fields.Name, $"#{match.Number} ({match.Percent} %)");

    CellError Told(ReadRow row, string field, string expected)
    {
        if (Numbered(field, "phones[") is { } x && field.EndsWith(".extension", StringComparison.Ordinal))
            return new CellError(x == 0 && Column(ImportTargets.PhoneExtension) is { } behind ? behind : row.PhoneColumns[x], ImportTexts.Extension, row.Client.Fields.Numbers[x].Extension ?? "");
        if (Numbered(field, "phones[") is { } n) return new CellError(row.PhoneColumns[n], ImportTexts.Phone, row.Client.Fields.Numbers[n].Number);
        if (Numbered(field, "emails[") is { } m) return new CellError(row.MailColumns[m + 1], ImportTexts.Email, row.Client.Fields.More!.Emails![m].Address);
        return field switch
        {
            "name" => new CellError(NameColumn, ImportTexts.Name, row.Client.Fields.Name),
            "email" => new CellError(row.MailColumns is [var main, ..] ? main : null, ImportTexts.Email, row.Client.Fields.Email),
            "taxId" => new CellError(Column(ImportTargets.TaxId), ImportTexts.TaxId, row.Client.Fields.More!.TaxId ?? "", expected["expected ".Length..]),
            "secondTaxId" => new CellError(Column(ImportTargets.SecondTaxId), ImportTexts.TaxId, row.Client.Fields.More!.SecondTaxId ?? "", expected["expected ".Length..]),
            "companyTaxId" => new CellError(Column(ImportTargets.CompanyTaxId), ImportTexts.TaxId, row.Client.Company!.TaxId, expected["expected ".Length..]),
            "companyId" => new CellError(Column(ImportTargets.Company), ImportTexts.CompanyTwice, row.Client.Company!.Name),
            "tags" => new CellError(Column(ImportTargets.Tags), ImportTexts.Tags, string.Join(", ", row.Client.Fields.More!.Tags ?? [])),
            "roles" => new CellError(Column(ImportTargets.Roles), ImportTexts.Role, ""),
            "timeZone" => new CellError(Column(ImportTargets.TimeZone), ImportTexts.TimeZone, row.Client.Fields.More!.TimeZone ?? ""),
            _ when field.StartsWith("addresses", StringComparison.Ordinal) => new CellError(Column(ImportTargets.Addresses) ?? Column(ImportTargets.Address), ImportTexts.Address, "", AddressCells.Words(plan.Language)),
            _ when field.StartsWith(ImportTargets.Own, StringComparison.Ordinal) => new CellError(Column(field), ImportTexts.Own, "", $"{field[ImportTargets.Own.Length..]}: {expected}"),
            "phones" => new CellError(Column(ImportTargets.Phone), ImportTexts.ManyPhones, ""),
            "language" => new CellError(Column(ImportTargets.Language), ImportTexts.Language, row.Client.Fields.Language ?? ""),
            _ => new CellError(null, ImportTexts.Database, "", expected),
        };
    }

    static int? Numbered(string field, string before) =>
        field.StartsWith(before, StringComparison.Ordinal) && int.TryParse(field.AsSpan(before.Length, field.IndexOf(']', StringComparison.Ordinal) - before.Length), out var n) ? n : null;

    int? NameColumn => Column(ImportTargets.Name) ?? Column(ImportTargets.LastName) ?? Column(ImportTargets.FirstName) ?? Column(ImportTargets.Company);

    int? Column(string target) => plan.Columns.FirstOrDefault(c => c.Target == target)?.Index;

    ImportErrorView View(long row, CellError error) =>
        new(row, error.Column is { } c ? c < header.Count && header[c].Length > 0 ? header[c] : $"{c + 1}" : null, Short(error.Value), ImportTexts.Of(plan.Language, error.Code, error.Given));

    static string Short(string text) => text.Length > 100 ? text[..100] : text;
}

/// <summary>What is told of an import beside its counts: the first errors, the first clients who were there, and by what they were found.</summary>
internal sealed record ImportTold(IReadOnlyList<ImportErrorView> Errors, IReadOnlyList<ImportMatchView> Matches, IReadOnlyDictionary<string, long> Reasons);

internal sealed class ImportSeen(ImportTold before)
{
    const int MostMatches = 100;
    ImportTold told = before;

    public ImportTold With(ImportOutcome done)
    {
        var reasons = new Dictionary<string, long>(told.Reasons, StringComparer.Ordinal);
        foreach (var reason in done.Matches.SelectMany(m => m.Reasons).Where(r => r is not (ClientLikeness.Company or ClientLikeness.City))) reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
        return new ImportTold([.. told.Errors.Concat(done.Errors).Take(ImportStore.MostErrors)], [.. told.Matches.Concat(done.Matches).Take(MostMatches)], reasons);
    }

    public void Take(ImportTold now) => told = now;
}
