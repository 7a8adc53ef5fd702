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
    public const string Name = "name", FirstName = "first_name", MiddleName = "middle_name", LastName = "last_name", Company = "company", Kind = "kind", Phone = "phone", PhoneExtension = "phone_extension", Email = "email", City = "city", Note = "note",
        TaxId = "tax_id", SecondTaxId = "second_tax_id", CompanyTaxId = "company_tax_id", Address = "address", Addresses = "addresses", PostalCode = "postal_code", Region = "region", Country = "country", Tags = "tags", Roles = "roles", TimeZone = "time_zone", Language = "language", Segment = "segment", Responsible = "responsible", Source = "source",
        DealTitle = "deal_title", DealType = "deal_type", DealStage = "deal_stage", DealAmount = "deal_amount", DealCurrency = "deal_currency", DealDate = "deal_date", DealKey = "deal_key", LeadName = "lead_name", LeadStatus = "lead_status", LeadKey = "lead_key";

    /// <summary>Label of a column of tax ids: its header says that they are Russian.</summary>
    public const string Inn = "inn";

    public static readonly ImportTarget[] All =
    [
        new(Name, false, "name", "full name", "client", "customer", "contact", "contact name", "client name", "nome e cognome", "nominativo", "cliente", "contatto", "ragione sociale", "фио", "клиент", "контрагент", "контакт", "наименование", "полное имя", "имя клиента", "контактное лицо"),
        new(FirstName, false, "first name", "given name", "nome", "имя"),
        new(MiddleName, false, "second name", "middle name", "secondo nome", "отчество"),
        new(LastName, false, "last name", "surname", "family name", "cognome", "фамилия"),
        new(Company, false, "company", "company name", "organisation", "organization", "azienda", "società", "nome azienda", "nome società", "компания", "организация", "название компании", "фирма"),
        new(Kind, false, "kind", "client type", "tipo cliente", "вид клиента", "юрфизлицо"),
        new(Phone, true, "phone", "phones", "telephone", "phone number", "telephone number", "tel", "mobile", "mobile phone", "mobile number", "cell", "cell phone", "work phone", "business phone", "home phone", "other phone", "fax", "fax number", "pager number", "sms marketing phone", "newsletter phone", "telefono fisso", "altro telefono", "numero di fax", "telefono per newsletter", "cercapersone",
            "telefono", "numero di telefono", "cellulare", "telefono cellulare", "telefono ufficio", "telefono di lavoro", "telefono casa", "telefono lavoro",
            "телефон", "телефоны", "номер телефона", "мобильный", "мобильный телефон", "сотовый", "сотовый телефон", "рабочий телефон", "домашний телефон", "другой телефон", "факс", "номер факса", "номер пейджера", "телефон для рассылок", "телефон для sms рассылок"),
        new(PhoneExtension, false, "extension", "ext", "phone extension", "extension number", "interno", "numero interno", "interno telefonico", "добавочный", "доб", "добавочный номер", "внутренний номер"),
        new(Email, true, "e mail", "email", "mail", "email address", "e mail address", "work e mail", "private e mail", "home e mail", "other e mail", "newsletter e mail", "newsletters e mail", "newsletters email", "work email", "home email", "other email", "posta elettronica", "e mail personale", "e mail privata", "altra e mail", "e mail per newsletter", "indirizzo e mail", "indirizzo email", "email di lavoro", "e mail di lavoro",
            "электронная почта", "почта", "эл почта", "рабочий e mail", "частный e mail", "другой e mail", "e mail для рассылок", "адрес электронной почты"),
        new(City, false, "city", "town", "città", "comune", "località", "город", "населенный пункт"),
        new(Note, true, "note", "notes", "comment", "comments", "remarks", "nota", "annotazioni", "commento", "commenti", "osservazioni", "комментарий", "комментарии", "примечание", "заметка", "дополнительная информация"),
        new(TaxId, false, "tax id", "tax code", "vat", "vat number", "vat id", "tin", "partita iva", "p iva", "piva", "codice fiscale", "cf", "codice fiscale partita iva", "инн", "налоговый номер", "инн контрагента", "иннкпп", "огрн", "огрнип"),
        new(SecondTaxId, false, "second tax id", "secondo codice fiscale", "codice fiscale azienda", "второй налоговый номер"),
        new(CompanyTaxId, false, "company tax id", "partita iva azienda", "инн компании", "налоговый номер компании"),
        new(Address, true, "address", "street address", "street", "street house no", "street house number", "address line 1", "address line 2", "suite apartment", "apartment office room floor", "legal address", "registered address", "actual address",
            "delivery address", "shipping address", "billing address", "other address", "indirizzo", "via", "via numero civico", "indirizzo riga 2", "appartamento ufficio stanza piano", "sede legale", "indirizzo legale", "sede operativa", "indirizzo effettivo",
            "indirizzo di consegna", "indirizzo di spedizione", "altro indirizzo", "адрес", "улица", "улица номер дома", "улица дом корпус строение", "квартира офис комната этаж", "юридический адрес", "фактический адрес", "адрес доставки", "другой адрес"),
        new(Addresses, false, "addresses", "indirizzi", "адреса"),
        new(PostalCode, false, "postal code", "postcode", "zip", "zip code", "zip postal code", "cap", "codice postale", "индекс", "почтовый индекс"),
        new(Region, false, "region", "state", "province", "state province", "regione", "provincia", "регион", "область", "регион область"),
        new(Country, false, "country", "paese", "nazione", "страна"),
        new(Tags, false, "tags", "tag", "labels", "etichette", "метки", "теги"),
        new(Roles, false, "roles", "role", "ruoli", "ruolo", "роли", "роль"),
        new(TimeZone, false, "time zone", "timezone", "fuso orario", "часовой пояс"),
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
        new(DealKey, false, "deal id", "id deal", "id trattativa", "id affare", "id сделки"),
        new(LeadName, false, "lead name", "nome lead", "название лида"),
        new(LeadStatus, false, "lead status", "stato lead", "статус лида"),
        new(LeadKey, false, "lead id", "id lead", "id лида"),
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
        : Any(plainHeader, "pager", "пейджер", "cercapersone") ? "pager"
        : Any(plainHeader, "work", "business", "office", "lavoro", "ufficio", "рабоч") ? "office"
        : Any(plainHeader, "home", "casa", "домашн", "private", "personale", "privata", "частный") ? "home" : "";

    /// <summary>legal, delivery, other; empty: where the client is.</summary>
    public static string AddressKind(string plainHeader) =>
        Any(plainHeader, "legal", "registered", "billing", "юридич") ? "legal"
        : Any(plainHeader, "deliver", "shipping", "consegna", "spedizione", "достав") ? "delivery"
        : Any(plainHeader, "other", "altro", "другой") ? "other" : "";

    /// <summary>Of a column that goes there, as far as its header says it.</summary>
    public static string? LabelOf(string code, string plainHeader) => code switch { Phone or Email => PhoneLabel(plainHeader), Address => AddressKind(plainHeader), TaxId or CompanyTaxId when plainHeader.StartsWith("инн", StringComparison.Ordinal) => Inn, _ => null };

    /// <summary>The card's field that a column fills, as it is named where it is kept from some.</summary>
    public static string FieldOf(string code) => code switch { TaxId or SecondTaxId => "taxId", Addresses or PostalCode or Region or Country => "address", _ => code };

    static bool Any(string text, params string[] words) => Array.Exists(words, w => text.Contains(w, StringComparison.Ordinal));
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
            var (code, label) = preset is null ? (null, null) : BitrixColumns.Of(preset, plain, header[n].Trim());
            // A field that the site made for it comes before what such a column is elsewhere.
            code ??= plain.Length == 0 ? null : (own ?? []).FirstOrDefault(f => ImportTargets.Plain(f.Name) == plain || ImportTargets.Plain(f.Code) == plain) is { } field ? ImportTargets.Own + field.Code : null;
            code ??= ImportTargets.Of(plain) ?? ByContent([.. rows.Select(r => n < r.Cells.Count ? Cells.Plain(r.Cells[n]) : "").Where(c => c.Length > 0)], region);
            // A Codice Fiscale beside the Partita IVA, an OGRN beside the INN.
            if (code == ImportTargets.TaxId && used.Contains(code)) code = ImportTargets.SecondTaxId;
            if (string.IsNullOrEmpty(code) || (!used.Add(code) && !ImportTargets.Find(code)!.Many)) continue;
            columns.Add(new ImportColumn(n, code, label ?? ImportTargets.LabelOf(code, plain)));
        }

        // "Nome" alone is the whole name where there is no column of surnames.
        if (!used.Contains(ImportTargets.Name) && !used.Contains(ImportTargets.LastName) && columns.FindIndex(c => c.Target == ImportTargets.FirstName) is >= 0 and var at) columns[at] = columns[at] with { Target = ImportTargets.Name };
        // A deal's columns mean nothing without its title, or a lead's status: an "amount" may be anything.
        if (!used.Contains(ImportTargets.DealTitle) && !used.Contains(ImportTargets.LeadStatus)) columns.RemoveAll(c => ImportTargets.IsOfDeal(c.Target));
        return columns;
    }

    static string? ByContent(List<string> cells, string region)
    {
        if (cells.Count == 0) return null;
        if (cells.Count(c => c.Contains('@') && !c.Contains(' ') && c.Contains('.')) * 10 >= cells.Count * 8) return ImportTargets.Email;
        var phones = cells.Count(c => c.Count(char.IsAsciiDigit) >= 7 && !Cells.LooksLikeDate(c) && Cells.Phones(c).All(p => CallFlow.PhoneNumbers.ToE164(p.Number, region) is { } e && (c[0] == '+' || e.Length is > 10 and < 15)) && Cells.Date(c) is null);
        return phones * 10 >= cells.Count * 8 ? ImportTargets.Phone : null;
    }
}
