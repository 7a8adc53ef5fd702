namespace CallCrm.CrmApi.Imports;

/// <summary>The exports of Bitrix24: companies, contacts, leads, deals, as its pages write them in three languages. What no field is meant for stands in the note, after its header.</summary>
internal static class BitrixColumns
{
    const string LeftOut = "", Hint = "hint", Headed = "headed";

    static readonly Dictionary<string, Dictionary<string, string>> Presets = new(StringComparer.Ordinal)
    {
        ["bitrix24_companies"] = Map(("company name", "name"), ("nome azienda", "name"), ("nome società", "name"), ("название компании", "name"), ("company type", Hint), ("tipo di azienda", Hint), ("tipo azienda", Hint), ("тип компании", Hint),
            ("industry", Headed), ("settore", Headed), ("сфера деятельности", Headed), ("employees", Headed), ("dipendenti", Headed), ("кол во сотрудников", Headed), ("annual revenue", Headed), ("fatturato annuo", Headed), ("годовой оборот", Headed),
            ("payment details", Headed), ("coordinate bancarie", Headed), ("банковские реквизиты", Headed), ("currency", LeftOut), ("valuta", LeftOut), ("валюта", LeftOut)),
        ["bitrix24_leads"] = Map(("id", "lead_key"), ("lead name", "lead_name"), ("nome lead", "lead_name"), ("название лида", "lead_name"), ("company name", "company"), ("nome azienda", "company"), ("название компании", "company"),
            ("stage", "lead_status"), ("status", "lead_status"), ("status id", "lead_status"), ("lead status", "lead_status"), ("fase", "lead_status"), ("stato", "lead_status"), ("стадия", "lead_status"), ("статус", "lead_status"), ("статус лида", "lead_status"),
            ("opportunity", "deal_amount"), ("total", "deal_amount"), ("amount", "deal_amount"), ("importo", "deal_amount"), ("totale", "deal_amount"), ("importo previsto", "deal_amount"), ("возможная сумма", "deal_amount"), ("сумма", "deal_amount"), ("status information", Headed), ("дополнительно о статусе", Headed), ("дополнительно о стадии", Headed)),
        ["bitrix24_deals"] = Map(("id", "deal_key"), ("deal name", "deal_title"), ("nome trattativa", "deal_title"), ("nome affare", "deal_title"), ("название сделки", "deal_title"), ("type", "deal_type"), ("tipo", "deal_type"), ("тип", "deal_type"),
            ("pipeline", LeftOut), ("воронка", LeftOut), ("направление", LeftOut), ("stage", "deal_stage"), ("deal stage", "deal_stage"), ("fase", "deal_stage"), ("стадия сделки", "deal_stage"), ("стадия", "deal_stage"),
            ("total", "deal_amount"), ("amount", "deal_amount"), ("totale", "deal_amount"), ("importo", "deal_amount"), ("сумма", "deal_amount"), ("currency", "deal_currency"), ("valuta", "deal_currency"), ("валюта", "deal_currency"),
            ("contact", "name"), ("contatto", "name"), ("контакт", "name"), ("company", "company"), ("azienda", "company"), ("компания", "company"), ("start date", "deal_date"), ("data inizio", "deal_date"), ("дата начала", "deal_date"),
            ("comment", "note"), ("commento", "note"), ("комментарий", "note")),
        ["bitrix24_contacts"] = Map(("company", "company"), ("azienda", "company"), ("компания", "company"), ("contact type", Hint), ("tipo di contatto", Hint), ("тип контакта", Hint)),
    };

    /// <summary>In all of them.</summary>
    static readonly Dictionary<string, string> Everywhere = Map(("position", Headed), ("posizione", Headed), ("должность", Headed), ("date of birth", Headed), ("birthdate", Headed), ("data di nascita", Headed), ("дата рождения", Headed),
        ("corporate website", Headed), ("sito web aziendale", Headed), ("корпоративный сайт", Headed), ("personal page", Headed), ("pagina personale", Headed), ("личная страница", Headed), ("other site", Headed), ("altro sito", Headed), ("другой сайт", Headed),
        ("source information", Headed), ("informazioni sulla fonte", Headed), ("дополнительно об источнике", Headed), ("district", "address"), ("distretto", "address"), ("район", "address"),
        ("id", LeftOut), ("salutation", LeftOut), ("titolo", LeftOut), ("обращение", LeftOut), ("created on", LeftOut), ("modified on", LeftOut), ("creato il", LeftOut), ("creato da", LeftOut), ("modificato il", LeftOut), ("modificato da", LeftOut), ("дата создания", LeftOut), ("дата изменения", LeftOut), ("created by", LeftOut), ("modified by", LeftOut), ("кем создан", LeftOut), ("кем изменен", LeftOut), ("создан crm формой", LeftOut));

    /// <summary>Leads that came to nothing: they are no deal in work, whatever stages there are.</summary>
    static readonly HashSet<string> Junk = new(StringComparer.Ordinal) { "junk", "junk lead", "poor", "bad", "unqualified", "spam", "scartato", "lead scartato", "lead spazzatura", "lead scadente", "lead non valido", "non valido", "non qualificato", "lead non qualificato", "spazzatura", "некачественный", "некачественный лид", "брак", "спам" };

    /// <summary>Leads that became deals there: those come with the export of deals.</summary>
    static readonly HashSet<string> Converted = new(StringComparer.Ordinal) { "converted", "good lead", "qualified", "convertito", "lead convertito", "lead valido", "lead di qualità", "качественный", "качественный лид", "сконвертирован", "конвертирован", "конвертированный" };

    /// <summary>Whether a lead of this status is somebody's work now.</summary>
    public static bool IsOpenLead(string status) => ImportTargets.Plain(status) is var plain && !Junk.Contains(plain) && !Converted.Contains(plain);

    /// <summary>Each export has columns that no other one has, and all have these.</summary>
    static readonly string[] Common = ["created by", "created on", "created", "modified", "creato da", "creato il", "data di creazione", "кем создан", "кем создана", "дата создания", "дата изменения", "available to everyone", "доступен для всех", "доступна для всех", "доступно для всех", "disponibile a tutti", "modified on", "created by form", "modificato il", "modificato da", "disponibile per tutti"];

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

    /// <returns>Code null: as any header; empty: to be left out.</returns>
    public static (string? Code, string? Label) Of(string preset, string plainHeader, string header)
    {
        if (Presets[preset].TryGetValue(plainHeader, out var code) || Everywhere.TryGetValue(plainHeader, out code))
        {
            return code switch
            {
                Hint => (ImportTargets.Roles, Hint),
                Headed => (ImportTargets.Note, header.Length > 30 ? header[..30] : header),
                _ => (code, null),
            };
        }

        // In a deal's row: "Контакт: Рабочий телефон", "Company: Work E-mail".
        foreach (var prefix in (string[])["contact ", "contatto ", "контакт ", "company ", "azienda ", "компания "])
        {
            if (preset == "bitrix24_deals" && plainHeader.StartsWith(prefix, StringComparison.Ordinal) && ImportTargets.Of(plainHeader[prefix.Length..]) is { } inner && inner is ImportTargets.Phone or ImportTargets.Email) return (inner, null);
        }

        return (null, null);
    }

    public static string KindOf(string? preset) => preset switch { "bitrix24_companies" => "company", "bitrix24_contacts" => "person", _ => "auto" };

    /// <summary>Its people name their companies, which it has cards for.</summary>
    public static string CompaniesOf(string? preset) => preset is null ? "text" : "make";

    static Dictionary<string, string> Map(params (string Header, string Code)[] columns) => columns.ToDictionary(c => c.Header, c => c.Code, StringComparer.Ordinal);
}
