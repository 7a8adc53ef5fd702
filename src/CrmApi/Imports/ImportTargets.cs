using System.Text;
using CallCrm.Contracts;

namespace CallCrm.CrmApi.Imports;

/// <summary>A field that a column can go to.</summary>
/// <param name="Many">Several columns may.</param>
/// <param name="Headers">As people and programs head such a column, in <see cref="ImportTargets.Plain"/> form.</param>
internal sealed record ImportTarget(string Code, bool Many, params string[] Headers);

/// <summary>All fields; a new one needs a line here and its reading in <see cref="RowReader"/>.</summary>
internal static class ImportTargets
{
    public const string Name = "name", FirstName = "first_name", MiddleName = "middle_name", LastName = "last_name", Company = "company", Kind = "kind", Phone = "phone", Email = "email", City = "city", Note = "note",
        TaxId = "tax_id", Language = "language", Segment = "segment", Responsible = "responsible", Source = "source",
        DealTitle = "deal_title", DealType = "deal_type", DealStage = "deal_stage", DealAmount = "deal_amount", DealCurrency = "deal_currency", DealDate = "deal_date";

    public static readonly ImportTarget[] All =
    [
        new(Name, false, "name", "full name", "client", "customer", "contact", "contact name", "client name", "nome e cognome", "nominativo", "cliente", "contatto", "ragione sociale", "фио", "клиент", "контрагент", "контакт", "наименование", "полное имя", "имя клиента", "контактное лицо"),
        new(FirstName, false, "first name", "given name", "nome", "имя"),
        new(MiddleName, false, "second name", "middle name", "secondo nome", "отчество"),
        new(LastName, false, "last name", "surname", "family name", "cognome", "фамилия"),
        new(Company, false, "company", "company name", "organisation", "organization", "azienda", "società", "nome azienda", "компания", "организация", "название компании", "фирма"),
        new(Kind, false, "kind", "client type", "tipo cliente", "вид клиента", "юрфизлицо"),
        new(Phone, true, "phone", "phones", "telephone", "phone number", "telephone number", "tel", "mobile", "mobile phone", "mobile number", "cell", "cell phone", "work phone", "business phone", "home phone", "other phone", "fax",
            "telefono", "numero di telefono", "cellulare", "telefono cellulare", "telefono ufficio", "telefono di lavoro", "telefono casa", "telefono lavoro",
            "телефон", "телефоны", "номер телефона", "мобильный", "мобильный телефон", "сотовый", "сотовый телефон", "рабочий телефон", "домашний телефон", "другой телефон", "факс", "номер факса"),
        new(Email, false, "e mail", "email", "mail", "email address", "e mail address", "work e mail", "private e mail", "home e mail", "posta elettronica", "indirizzo e mail", "indirizzo email", "email di lavoro", "e mail di lavoro",
            "электронная почта", "почта", "эл почта", "рабочий e mail", "частный e mail", "адрес электронной почты"),
        new(City, false, "city", "town", "città", "comune", "località", "город", "населенный пункт"),
        new(Note, true, "note", "notes", "comment", "comments", "remarks", "nota", "annotazioni", "commento", "commenti", "osservazioni", "комментарий", "комментарии", "примечание", "заметка", "дополнительная информация"),
        new(TaxId, false, "tax id", "tax code", "vat", "vat number", "vat id", "tin", "partita iva", "p iva", "piva", "codice fiscale", "cf", "codice fiscale partita iva", "инн", "инн контрагента", "иннкпп", "огрн", "огрнип"),
        new(Language, false, "language", "lingua", "язык"),
        new(Segment, false, "segment", "segmento", "сегмент"),
        new(Responsible, false, "responsible", "responsible person", "owner", "manager", "account manager", "assigned to", "responsabile", "persona responsabile", "ответственный", "менеджер"),
        new(Source, false, "source", "lead source", "origine", "fonte", "sorgente", "источник"),
        new(DealTitle, false, "deal", "deal name", "deal title", "trattativa", "nome trattativa", "affare", "сделка", "название сделки"),
        new(DealType, false, "deal type", "pipeline", "deal pipeline", "tipo trattativa", "tipo affare", "тип сделки", "воронка"),
        new(DealStage, false, "stage", "deal stage", "fase", "fase trattativa", "fase affare", "стадия", "стадия сделки", "этап"),
        new(DealAmount, false, "amount", "deal amount", "total", "importo", "totale", "сумма", "сумма сделки"),
        new(DealCurrency, false, "currency", "valuta", "валюта"),
        new(DealDate, false, "deal date", "start date", "begin date", "data inizio", "data trattativa", "дата начала", "дата сделки"),
    ];

    static readonly Dictionary<string, string> ByHeader = All.SelectMany(t => t.Headers.Select(h => (Header: Plain(h), t.Code))).ToDictionary(h => h.Header, h => h.Code, StringComparer.Ordinal);

    /// <summary>Before the code of one of the site's own fields.</summary>
    public const string Own = "custom.";

    public static ImportTarget? Find(string code) =>
        code.StartsWith(Own, StringComparison.Ordinal) && code.Length > Own.Length ? new ImportTarget(code, false) : Array.Find(All, t => t.Code == code);

    public static bool IsOfDeal(string code) => code.StartsWith("deal_", StringComparison.Ordinal);

    /// <summary>A header by its words only: "E-Mail (рабочий):" and "e mail рабочий" are the same.</summary>
    public static string Plain(string header)
    {
        var plain = new StringBuilder(header.Length);
        foreach (var c in header.Normalize(NormalizationForm.FormC).ToLowerInvariant())
        {
            if (char.IsLetterOrDigit(c)) plain.Append(c == 'ё' ? 'е' : c);
            else if (c is not ('/' or '\'' or '’') && plain.Length > 0 && plain[^1] != ' ') plain.Append(' ');
        }

        return plain.ToString().TrimEnd();
    }

    public static string? Of(string plainHeader)
    {
        if (ByHeader.TryGetValue(plainHeader, out var code)) return code;
        // Phone 2, Телефон 1.
        var bare = plainHeader.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ' ');
        return bare != plainHeader && ByHeader.TryGetValue(bare, out code) && Find(code)!.Many ? code : null;
    }

    /// <summary>Which of a client's numbers it is, by the column's header: office, mobile, home, fax; empty when it does not say.</summary>
    public static string PhoneLabel(string plainHeader) =>
        Any(plainHeader, "mobil", "cell", "мобил", "сотов") ? "mobile"
        : Any(plainHeader, "fax", "факс") ? "fax"
        : Any(plainHeader, "work", "business", "office", "lavoro", "ufficio", "рабоч") ? "office"
        : Any(plainHeader, "home", "casa", "домашн") ? "home" : "";

    static bool Any(string text, params string[] words) => Array.Exists(words, w => text.Contains(w, StringComparison.Ordinal));
}

/// <summary>The exports of Bitrix24: companies, contacts, leads, deals, as its pages write them in three languages.</summary>
internal static class BitrixColumns
{
    static readonly Dictionary<string, Dictionary<string, string>> Presets = new(StringComparer.Ordinal)
    {
        ["bitrix24_companies"] = Map(("company name", "name"), ("nome azienda", "name"), ("nome società", "name"), ("название компании", "name"), ("company type", "segment_hint"), ("tipo di azienda", "segment_hint"), ("tipo azienda", "segment_hint"), ("тип компании", "segment_hint")),
        ["bitrix24_leads"] = Map(("lead name", "note"), ("nome lead", "note"), ("название лида", "note"), ("company name", "company"), ("nome azienda", "company"), ("название компании", "company"),
            ("status information", "note"), ("дополнительно о статусе", "note"), ("source information", "note"), ("дополнительно об источнике", "note")),
        ["bitrix24_deals"] = Map(("deal name", "deal_title"), ("nome trattativa", "deal_title"), ("nome affare", "deal_title"), ("название сделки", "deal_title"), ("type", "deal_type"), ("tipo", "deal_type"), ("тип", "deal_type"),
            ("pipeline", ""), ("воронка", ""), ("направление", ""), ("stage", "deal_stage"), ("deal stage", "deal_stage"), ("fase", "deal_stage"), ("стадия сделки", "deal_stage"), ("стадия", "deal_stage"),
            ("total", "deal_amount"), ("amount", "deal_amount"), ("totale", "deal_amount"), ("importo", "deal_amount"), ("сумма", "deal_amount"), ("currency", "deal_currency"), ("valuta", "deal_currency"), ("валюта", "deal_currency"),
            ("contact", "name"), ("contatto", "name"), ("контакт", "name"), ("company", "company"), ("azienda", "company"), ("компания", "company"), ("start date", "deal_date"), ("data inizio", "deal_date"), ("дата начала", "deal_date"),
            ("comment", "note"), ("commento", "note"), ("комментарий", "note")),
        ["bitrix24_contacts"] = Map(("company", "company"), ("azienda", "company"), ("компания", "company"), ("contact type", "segment_hint"), ("tipo di contatto", "segment_hint"), ("тип контакта", "segment_hint")),
    };

    /// <summary>Each export has columns that no other one has, and all have these.</summary>
    static readonly string[] Common = ["created by", "created on", "created", "modified", "creato da", "creato il", "data di creazione", "кем создан", "кем создана", "дата создания", "дата изменения", "available to everyone", "доступен для всех", "доступна для всех", "доступно для всех", "disponibile a tutti"];

    static readonly (string Preset, string[] Marks)[] Marks =
    [
        ("bitrix24_leads", ["lead name", "nome lead", "название лида"]),
        ("bitrix24_deals", ["deal name", "nome trattativa", "nome affare", "название сделки"]),
        ("bitrix24_companies", ["company type", "tipo di azienda", "tipo azienda", "тип компании"]),
        ("bitrix24_contacts", ["contact type", "tipo di contatto", "тип контакта"]),
    ];

    /// <summary>Null: no export of Bitrix24.</summary>
    public static string? Preset(IReadOnlyList<string> plainHeaders) =>
        plainHeaders.Contains("id", StringComparer.Ordinal) && plainHeaders.Any(h => Array.IndexOf(Common, h) >= 0)
            ? Array.Find(Marks, m => plainHeaders.Any(h => Array.IndexOf(m.Marks, h) >= 0)).Preset
            : null;

    /// <returns>Null: as any header; empty: to be left out.</returns>
    public static string? Of(string preset, string plainHeader)
    {
        if (Presets[preset].TryGetValue(plainHeader, out var code)) return code == "segment_hint" ? "" : code;
        // In a deal's row: "Контакт: Рабочий телефон", "Company: Work E-mail".
        foreach (var prefix in (string[])["contact ", "contatto ", "контакт ", "company ", "azienda ", "компания "])
        {
            if (preset == "bitrix24_deals" && plainHeader.StartsWith(prefix, StringComparison.Ordinal) && ImportTargets.Of(plainHeader[prefix.Length..]) is { } inner && inner is ImportTargets.Phone or ImportTargets.Email) return inner;
        }

        return null;
    }

    public static string KindOf(string? preset) => preset switch { "bitrix24_companies" => "company", "bitrix24_contacts" => "person", _ => "auto" };

    static Dictionary<string, string> Map(params (string Header, string Code)[] columns) => columns.ToDictionary(c => c.Header, c => c.Code, StringComparer.Ordinal);
}

/// <summary>What the columns of a file most likely are: by what a preset says, by their headers, else by what stands in them.</summary>
internal static class ImportGuess
{
    public static IReadOnlyList<ImportColumn> Columns(IReadOnlyList<string> header, IReadOnlyList<TableRow> rows, string? preset, string region, IReadOnlyList<CallFlow.CustomField>? own = null)
    {
        var used = new HashSet<string>(StringComparer.Ordinal);
        var columns = new List<ImportColumn>();
        for (var n = 0; n < header.Count; n++)
        {
            if (ImportTexts.IsExpectedColumn(header[n].Trim())) continue;
            var plain = ImportTargets.Plain(header[n]);
            var code = preset is null ? null : BitrixColumns.Of(preset, plain);
            // A field that the site made for it comes before what such a column is elsewhere.
            code ??= plain.Length == 0 ? null : (own ?? []).FirstOrDefault(f => ImportTargets.Plain(f.Name) == plain || ImportTargets.Plain(f.Code) == plain) is { } field ? ImportTargets.Own + field.Code : null;
            code ??= ImportTargets.Of(plain) ?? ByContent([.. rows.Select(r => n < r.Cells.Count ? Cells.Plain(r.Cells[n]) : "").Where(c => c.Length > 0)], region);
            if (string.IsNullOrEmpty(code) || (!used.Add(code) && !ImportTargets.Find(code)!.Many)) continue;
            columns.Add(new ImportColumn(n, code, code == ImportTargets.Phone ? ImportTargets.PhoneLabel(plain) : null));
        }

        // "Nome" alone is the whole name where there is no column of surnames.
        if (!used.Contains(ImportTargets.Name) && !used.Contains(ImportTargets.LastName) && columns.FindIndex(c => c.Target == ImportTargets.FirstName) is >= 0 and var at) columns[at] = columns[at] with { Target = ImportTargets.Name };
        // A deal's columns mean nothing without its title: an "amount" may be anything.
        if (!used.Contains(ImportTargets.DealTitle)) columns.RemoveAll(c => ImportTargets.IsOfDeal(c.Target));
        return columns;
    }

    static string? ByContent(List<string> cells, string region)
    {
        if (cells.Count == 0) return null;
        if (cells.Count(c => c.Contains('@') && !c.Contains(' ') && c.Contains('.')) * 10 >= cells.Count * 8) return ImportTargets.Email;
        var phones = cells.Count(c => c.Count(char.IsAsciiDigit) >= 7 && Cells.Phones(c).All(p => CallFlow.PhoneNumbers.ToE164(p.Number, region) is { } e && (c[0] == '+' || e.Length is > 10 and < 15)) && Cells.Date(c) is null);
        return phones * 10 >= cells.Count * 8 ? ImportTargets.Phone : null;
    }
}
