namespace CallCrm.CallFlow;

/// <summary>When two cards may be one client: the one rule of typing, of import and of the list of pairs.</summary>
public static class ClientLikeness
{
    public const string Phone = "phone", Email = "email", TaxId = "tax_id", Name = "name", Company = "company", City = "city";

    /// <summary>Names less alike are no reason: pg_trgm's similarity, 0 to 1.</summary>
    public const double Least = 0.55;

    /// <summary>Characters; names shorter than this are alike to too many.</summary>
    public const int ShortestName = 4;

    /// <summary>In the transaction, before the operator % is used.</summary>
    public const string SetLeast = "set local pg_trgm.similarity_threshold = 0.55";

    /// <summary>Cards that have one of these numbers, addresses or tax ids, as rows (key, id, reason; a number's key is that and its extension, +39…;12); merged cards and the bin's are among them.</summary>
    /// <param name="numbers">A parameter, text[]: E.164.</param>
    /// <param name="mails">A parameter, text[]: small letters.</param>
    /// <param name="taxIds">A parameter, text[]: as <see cref="ClientDirectory.CleanTaxId"/> leaves them.</param>
    public static string Sure(string numbers, string mails, string taxIds) =>
        $"""
        select e164 || ';' || extension as key, client_id as id, 'phone' as reason from client_phone where e164 = any ({numbers})
        union all select lower(email), id, 'email' from client where email <> '' and lower(email) = any ({mails})
        union all select lower(address), client_id, 'email' from client_email where lower(address) = any ({mails})
        union all select tax_id, id, 'tax_id' from client where tax_id <> '' and tax_id = any ({taxIds})
        union all select second_tax_id, id, 'tax_id' from client where second_tax_id <> '' and second_tax_id = any ({taxIds})
        """;

    /// <summary>What beside an alike name speaks for the same client, as text[].</summary>
    /// <param name="card">Alias of the client.</param>
    public static string Beside(string card, string company, string city) =>
        $$"""
        case when {{card}}.company <> '' and lower({{card}}.company) = lower({{company}}) then array['company'] else '{}' end
          || case when {{card}}.city <> '' and lower({{card}}.city) = lower({{city}}) then array['city'] else '{}' end
        """;
}
