using System.Text.Json.Nodes;

namespace CallCrm.CallFlow;

public sealed partial class ClientDirectory
{
    const string NoCustom = "{}";

    /// <param name="Custom">JSON; as it stands in the database while nothing of it changes.</param>
    sealed record ImportHead(Guid Id, string Kind, string Name, string Company, string Email, string City, string Note, string? Language, string? Segment, Guid? ResponsibleId, string Source, bool Confirmed, string TaxId, string Custom)
    {
        public string TimeZone { get; init; } = "";

        public string[] Tags { get; init; } = [];

        public string[] Roles { get; init; } = [];

        public Guid? CompanyId { get; init; }

        /// <summary>The first of its addresses as one text.</summary>
        public string Address { get; init; } = "";

        public string SecondTaxId { get; init; } = "";

        public IEnumerable<string> TaxIds => new[] { TaxId, SecondTaxId }.Where(t => t.Length > 0);
    }

    /// <param name="Emails">Beside the main one.</param>
    /// <param name="Company">The key of its company in the <see cref="CompanyBook"/>.</param>
    sealed record ImportedRow(ImportHead Head, List<Number> Numbers, IReadOnlyList<ClientEmail> Emails, IReadOnlyList<ClientAddress> Addresses, ImportedCompany? Company, Dictionary<string, string[]> Errors)
    {
        /// <summary>All of them, in small letters.</summary>
        public IReadOnlyList<string> Mails { get; } = [.. Emails.Select(e => e.Address).Prepend(Head.Email).Where(m => m.Length > 0).Select(m => m.ToLowerInvariant()).Distinct(StringComparer.Ordinal)];
    }

    sealed record KnownClient(ImportHead Head, DateTime CreatedAt)
    {
        public List<string> Keys { get; } = [];

        /// <summary>Numbers, further addresses of mail, addresses with their kind.</summary>
        public HashSet<string> Has { get; } = new(StringComparer.Ordinal);
    }

    /// <summary>The cards of one batch as they are, and as its rows leave them.</summary>
    sealed class ImportBook
    {
        readonly Dictionary<string, Guid> byKey = new(StringComparer.Ordinal);
        readonly Dictionary<Guid, (ImportHead Head, HashSet<string> Has)> cards = [];
        readonly Dictionary<Guid, ImportHead> made = [];
        readonly Dictionary<Guid, ImportHead> changed = [];
        readonly CompanyBook companies;
        readonly List<MadeCompany> waiting;

        /// <param name="waiting">Cards made for the companies of people, whose own rows may be among these.</param>
        public ImportBook(IEnumerable<KnownClient> known, CompanyBook companies, List<MadeCompany> waiting)
        {
            (this.companies, this.waiting) = (companies, waiting);
            // Of several who share a number: a confirmed card, then the oldest.
            foreach (var client in known.OrderBy(k => !k.Head.Confirmed).ThenBy(k => k.CreatedAt).ThenBy(k => k.Head.Id))
            {
                cards[client.Head.Id] = (client.Head, client.Has);
                foreach (var key in client.Keys) Know(key, client.Head.Id);
            }
        }

        /// <summary>Companies before the people who belong to them.</summary>
        public IReadOnlyCollection<ImportHead> New => [.. made.Values.OrderBy(h => h.CompanyId is not null)];

        public IReadOnlyCollection<ImportHead> Changed => changed.Values;

        public List<(Guid Client, Number Number)> Numbers { get; } = [];

        public List<(Guid Client, ClientEmail Mail)> Mails { get; } = [];

        public List<(Guid Client, ClientAddress Address)> Addresses { get; } = [];

        public List<(Guid Client, ImportMatch Match)> Alike { get; } = [];

        /// <summary>Cards made for the companies of people.</summary>
        public List<MadeCompany> MadeForPeople { get; } = [];

        /// <summary>Those whose own row came.</summary>
        public List<Guid> Claimed { get; } = [];

        /// <summary>The card that the import made for the people of this company, if it is one alone.</summary>
        public Guid? Own(ImportedRow row) => row.Head.Kind == "company" && waiting.FindAll(m => m.Is(row.Head)).Select(m => m.Id).Distinct().ToList() is [var one] && cards.ContainsKey(one) ? one : null;

        /// <param name="alike">Whose name is like it, when nothing else says who it is.</param>
        public ClientImported Take(ImportedRow row, ImportRule rule, ImportMatch? alike)
        {
            if (Own(row) is { } own && (Find(row, rule)?.Client ?? own) == own) return TakeOwn(row, rule, own);
            if (rule.Duplicates == ImportDuplicates.AlwaysNew || Find(row, rule) is not { } match)
                return alike is not null && rule.Alike == ImportAlike.Refuse ? new ClientImported.Alike(alike) : Make(row, rule, alike);
            var found = match.Client;
            var (head, has) = cards[found];
            if (rule.Duplicates == ImportDuplicates.Skip && head.Confirmed) return new ClientImported.Skipped(found, match);
            var (given, madeCompany) = Belonging(row, rule);
            var after = rule.Duplicates == ImportDuplicates.Overwrite ? Over(head, given) : Fill(head, given);
            var before = ImportedChanges.Lists(has);
            var added = Add(found, row, head, after, has);
            if (after == head && added == 0 && !madeCompany) return new ClientImported.Skipped(found, match);
            cards[found] = (after, has);
            (made.ContainsKey(found) ? made : changed)[found] = after;
            Know(row, rule, found);
            return new ClientImported.Changed(found, match, ImportedChanges.Of(head, before, after, has)) { MadeCompany = madeCompany };
        }

        /// <summary>Who has one of the row's numbers, else of its addresses of mail, else its tax id. Two with one number and another extension each are two, behind one switchboard.</summary>
        public ImportMatch? Find(ImportedRow row, ImportRule rule)
        {
            var keys = (rule.ByNumber ? row.Numbers.Select(n => (Reason: ClientLikeness.Phone, Key: byKey.ContainsKey(n.Key) ? n.Key : n.Extension is { Length: > 0 } ? Number.KeyOf(n.E164, "") : n.E164)) : [])
                .Concat(rule.ByMail ? row.Mails.Select(m => (Reason: ClientLikeness.Email, Key: m)) : [])
                .Concat(rule.ByTaxId ? row.Head.TaxIds.Select(t => (Reason: ClientLikeness.TaxId, Key: Key(ClientLikeness.TaxId, t))) : []);
            Guid? found = null;
            var reasons = new List<string>();
            foreach (var (reason, key) in keys)
            {
                if (!byKey.TryGetValue(key, out var id) || (found ??= id) != id) continue;
                if (!reasons.Contains(reason)) reasons.Add(reason);
            }

            return found is { } client ? new ImportMatch(client, reasons) : null;
        }

        /// <summary>Whatever becomes of clients who are there: nobody wrote this card but the import, from a person's row.</summary>
        ClientImported.Changed TakeOwn(ImportedRow row, ImportRule rule, Guid own)
        {
            var match = Find(row, rule) ?? new ImportMatch(own, [ClientLikeness.Name], 100);
            var (head, has) = cards[own];
            var after = Fill(head, row.Head) with { Name = First(row.Head.Name, head.Name), Company = First(row.Head.Company, head.Company), ResponsibleId = row.Head.ResponsibleId ?? head.ResponsibleId };
            var before = ImportedChanges.Lists(has);
            Add(own, row, head, after, has);
            cards[own] = (after, has);
            changed[own] = after;
            Know(row, rule, own);
            Claimed.Add(own);
            waiting.RemoveAll(m => m.Id == own);
            return new ClientImported.Changed(own, match, ImportedChanges.Of(head, before, after, has));
        }

        ClientImported.Made Make(ImportedRow row, ImportRule rule, ImportMatch? alike)
        {
            var (head, madeCompany) = Belonging(row, rule);
            var has = new HashSet<string>(StringComparer.Ordinal);
            made[head.Id] = head;
            cards[head.Id] = (head, has);
            Add(head.Id, row, null, head, has);
            Know(row, rule, head.Id);
            if (head.Kind == "company") companies.Know(head.Id, [head.Name, head.Company], head.TaxId, head.SecondTaxId);
            if (alike is not null) Alike.Add((head.Id, alike));
            return new ClientImported.Made(head.Id, alike) { MadeCompany = madeCompany };
        }

        /// <summary>The row's head with the company that it belongs to, which is made when that is wished and there is none; else its name stays a text.</summary>
        (ImportHead Head, bool Made) Belonging(ImportedRow row, ImportRule rule)
        {
            if (row.Company is not { } asked) return (row.Head, false);
            if (companies.Of(asked) is { } known) return (row.Head with { CompanyId = known, Company = "" }, false);
            if (rule.Companies != ImportCompanies.Make || asked.Name.Length == 0) return (row.Head, false);
            var company = new ImportHead(asked.Id, "company", asked.Name, asked.Name, "", "", "", null, null, row.Head.ResponsibleId, row.Head.Source, Confirmed: true, asked.TaxId, NoCustom);
            made[company.Id] = company;
            cards[company.Id] = (company, new HashSet<string>(StringComparer.Ordinal));
            companies.Know(company.Id, [asked.Name], asked.TaxId);
            MadeForPeople.Add(new MadeCompany(company.Id, asked.Name.ToLowerInvariant(), asked.TaxId));
            return (row.Head with { CompanyId = company.Id, Company = "" }, true);
        }

        /// <summary>What the card does not have yet of the row's numbers and addresses.</summary>
        /// <param name="before">Its main address of mail is kept, whatever becomes the main one; null: a new card.</param>
        /// <returns>How many.</returns>
        int Add(Guid client, ImportedRow row, ImportHead? before, ImportHead after, HashSet<string> has)
        {
            var hadNumber = has.Any(h => h.StartsWith('+'));
            // A number without an extension says nothing of one.
            var numbers = row.Numbers.FindAll(n => (n.Extension is { Length: > 0 } || !has.Any(h => h.StartsWith(n.Key, StringComparison.Ordinal))) && has.Add(n.Key));
            for (var n = 0; n < numbers.Count; n++) Numbers.Add((client, numbers[n] with { IsMain = !hadNumber && n == 0 }));
            var main = after.Email.ToLowerInvariant();
            var mails = row.Emails.Prepend(new ClientEmail(row.Head.Email, "")).Prepend(new ClientEmail(before?.Email ?? "", "")).Where(m => m.Address.Length > 0 && m.Address.ToLowerInvariant() is var small && small != main && has.Add(small)).ToList();
            Mails.AddRange(mails.Select(m => (client, m)));
            var addresses = row.Addresses.Where(a => has.Add($"{a.Kind} {a.Text}")).ToList();
            Addresses.AddRange(addresses.Select(a => (client, a)));
            return numbers.Count + mails.Count + addresses.Count;
        }

        void Know(ImportedRow row, ImportRule rule, Guid id)
        {
            if (rule.ByNumber) row.Numbers.ForEach(n => Know(n.Key, id));
            if (rule.ByMail)
            {
                foreach (var mail in row.Mails) byKey.TryAdd(mail, id);
            }

            if (!rule.ByTaxId) return;
            foreach (var tax in row.Head.TaxIds) byKey.TryAdd(Key(ClientLikeness.TaxId, tax), id);
        }

        /// <summary>A number also without its extension.</summary>
        void Know(string key, Guid id)
        {
            byKey.TryAdd(key, id);
            if (key[0] == '+' && key.IndexOf(';') is > 0 and var at) byKey.TryAdd(key[..at], id);
        }

        static ImportHead Fill(ImportHead card, ImportHead row) => Joined(card, card, row) with { Kind = card.Confirmed ? card.Kind : row.Kind };

        static ImportHead Over(ImportHead card, ImportHead row) => Joined(card, row, card) with { Kind = row.Kind, CompanyId = row.Kind == "company" ? null : row.CompanyId ?? card.CompanyId };

        /// <summary>Field by field what <paramref name="one"/> says, else the other. Where it came from first stays; lists are those of both.</summary>
        static ImportHead Joined(ImportHead card, ImportHead one, ImportHead other)
        {
            var (tax, second) = TaxIdsOf(card, one, other);
            return Joined(card, one, other, tax, second);
        }

        /// <summary>Cards are found by either id, so a file may have the one where the card has the other: then none is doubled, and none lost. The card's order stays.</summary>
        static (string First, string Second) TaxIdsOf(ImportHead card, ImportHead one, ImportHead other)
        {
            var (tax, second) = (First(one.TaxId, other.TaxId), First(one.SecondTaxId, other.SecondTaxId));
            if (tax == second && tax.Length > 0) second = one.TaxIds.Concat(other.TaxIds).FirstOrDefault(t => t != tax, "");
            return (tax, second) == (card.SecondTaxId, card.TaxId) ? (card.TaxId, card.SecondTaxId) : (tax, second);
        }

        static ImportHead Joined(ImportHead card, ImportHead one, ImportHead other, string tax, string second) => card with
        {
            Name = First(one.Name, other.Name),
            Company = First(one.Company, other.Company),
            Email = First(one.Email, other.Email),
            City = First(one.City, other.City),
            Note = First(one.Note, other.Note),
            Language = one.Language ?? other.Language,
            Segment = one.Segment ?? other.Segment,
            ResponsibleId = one.ResponsibleId ?? other.ResponsibleId,
            Source = First(card.Source, First(one.Source, other.Source)),
            Confirmed = true,
            TaxId = tax,
            SecondTaxId = second,
            Custom = Together(card.Custom, one.Custom, other.Custom),
            TimeZone = First(one.TimeZone, other.TimeZone),
            CompanyId = card.Kind == "company" ? null : one.CompanyId ?? other.CompanyId,
            Tags = Both(card.Tags, ReferenceEquals(one, card) ? other.Tags : one.Tags, MostTags),
            Roles = Both(card.Roles, ReferenceEquals(one, card) ? other.Roles : one.Roles, KnownRoles.Count),
            Address = First(card.Address, First(one.Address, other.Address)),
        };

        /// <summary>The card's own array when nothing comes to it, so that it is the same card.</summary>
        static string[] Both(string[] card, string[] row, int most)
        {
            var more = row.Where(t => !card.Contains(t, StringComparer.OrdinalIgnoreCase)).Take(most - card.Length).ToArray();
            return more.Length == 0 ? card : [.. card, .. more];
        }

        static string Together(string card, string one, string other)
        {
            if (one == NoCustom || other == NoCustom) return one == NoCustom ? other : one;
            var (both, stronger) = (JsonNode.Parse(other)!.AsObject(), JsonNode.Parse(one)!.AsObject());
            foreach (var (code, value) in stronger) both[code] = value?.DeepClone();
            return JsonNode.DeepEquals(both, JsonNode.Parse(card)) ? card : CustomField.Json(both);
        }

        static string First(string one, string other) => one.Length > 0 ? one : other;
    }
}
