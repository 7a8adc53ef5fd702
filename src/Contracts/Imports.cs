namespace CallCrm.Contracts;

/// <summary>GET /api/imports/{id}/preview: a file that was uploaded, as it is read; POST /api/imports answers so too.</summary>
/// <param name="Format">csv, xlsx, xls.</param>
/// <param name="Encoding">Of a CSV file: utf-8, utf-16, utf-16be, windows-1251, windows-1252.</param>
/// <param name="Sheets">Of a workbook, those that are not empty.</param>
/// <param name="HeaderRow">Its number; null: there is none, and the first row is a client.</param>
/// <param name="Header">Of each column.</param>
/// <param name="Rows">The first 20 after it, as they are read.</param>
/// <param name="Columns">What is proposed for them; the others are left out.</param>
/// <param name="Preset">bitrix24_companies, bitrix24_contacts, bitrix24_leads, bitrix24_deals; null: none was recognised.</param>
/// <param name="Remembered">The columns are those chosen the last time for the same headers.</param>
/// <param name="Kind">person, company, or auto: a company where a row has no name of a person.</param>
/// <param name="Targets">All fields a column can go to.</param>
/// <param name="Companies">What is proposed for ImportStart.Companies.</param>
/// <param name="Dates">Of columns with dates whose day and month stand in an order.</param>
public sealed record ImportPreview(Guid Id, string FileName, string Format, long Size_bytes, string? Encoding, string? Separator, string? Sheet, IReadOnlyList<string> Sheets, long? HeaderRow,
    IReadOnlyList<string> Header, IReadOnlyList<ImportPreviewRow> Rows, IReadOnlyList<ImportColumn> Columns, string? Preset, bool Remembered, string Kind, IReadOnlyList<ImportTargetView> Targets, string Companies = "text", IReadOnlyList<ImportDatesView>? Dates = null);

/// <param name="Column">From 0.</param>
/// <param name="Order">day_first or month_first: how they are read unless the column's label says otherwise.</param>
/// <param name="Told">False: no value of the first rows has a part above 12, and the order is a guess.</param>
public sealed record ImportDatesView(int Column, string Order, bool Told);

/// <param name="Number">In the file.</param>
/// <param name="Trouble">Why it cannot be read as it should.</param>
[NotANumber]
public sealed record ImportPreviewRow(long Number, IReadOnlyList<string> Cells, string? Trouble);

/// <param name="Code">Of the site's own fields <c>custom.CODE</c>.</param>
/// <param name="Many">Several columns may go there.</param>
/// <param name="Name">Of the site's own fields.</param>
public sealed record ImportTargetView(string Code, bool Many, string? Name = null);

/// <param name="Index">Of the column, from 0.</param>
/// <param name="Label">
/// Of a telephone number or an address of mail: office, mobile, home, fax, or any word. Of address: legal, actual, delivery, other. Of note: stands before what the cell says. Of roles: hint, words that are no role are left out. Of a date: day_first or month_first; without one the column itself says it.
/// </param>
public sealed record ImportColumn(int Index, string Target, string? Label = null);

/// <summary>POST /api/imports/{id}/start; POST /api/imports/{id}/check.</summary>
/// <param name="HeaderRow">Rows up to it are left out; null: none.</param>
/// <param name="Duplicates">skip, fill_empty, overwrite, always_new.</param>
/// <param name="Language">Of the words in the file of failing rows: en, it, ru.</param>
/// <param name="Alike">Of a row of which only the name is like that of a client who is there: make (it is new, and stands among the possible duplicates), file (it comes back with the failing rows), ignore (names are not compared).</param>
/// <param name="Companies">A person's company: text, link (with the company's card, where there is one), make (also makes the card).</param>
/// <param name="Source">Of clients whose row names none; empty: import.</param>
public sealed record ImportStart(IReadOnlyList<ImportColumn> Columns, long? HeaderRow, string Kind, string Duplicates, bool MatchNumber, bool MatchMail, string? Encoding = null, string? Separator = null,
    string? Sheet = null, string Language = "en", bool MatchTaxId = true, string Alike = "make", string Companies = "text", string Source = "");

/// <summary>GET /api/imports, GET /api/imports/{id}: an import and how far it is.</summary>
/// <param name="State">uploaded, running, done, cancelled, broken.</param>
/// <param name="LastRow">Of the file, so far.</param>
/// <param name="TotalRows">Null: not counted yet.</param>
/// <param name="Errors">The first ones; all of them stand in the file of failing rows.</param>
/// <param name="Problem">Why it broke.</param>
/// <param name="Alike">Of those made: whose name is like another client's; they stand among the possible duplicates.</param>
/// <param name="Companies">Cards that were made for the companies of people.</param>
/// <param name="Reasons">How many rows were of clients who are there, by phone, email, tax_id, name; a row may have several.</param>
/// <param name="Matches">The first ones.</param>
public sealed record ImportRunView(Guid Id, string FileName, string State, long LastRow, long? TotalRows, long Made, long Changed, long Skipped, long Failed, long Deals, IReadOnlyList<ImportErrorView> Errors,
    string? Problem, string By, DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, bool Cancelling, long Alike = 0, long Companies = 0,
    IReadOnlyDictionary<string, long>? Reasons = null, IReadOnlyList<ImportMatchView>? Matches = null);

/// <summary>POST /api/imports/{id}/check: what would become of the first rows, at most 100; nothing is written.</summary>
public sealed record ImportCheckView(int Rows, int Made, int Changed, int Skipped, int Failed, IReadOnlyList<ImportMatchView> Matches, IReadOnlyList<ImportErrorView> Errors);

/// <summary>A row whose client is there already, or may be.</summary>
/// <param name="Name">In the file.</param>
/// <param name="Client">Who is there.</param>
/// <param name="Reasons">phone, email, tax_id, name; company and city beside an alike name.</param>
/// <param name="AlikePercent">How alike the names are; null: the name is no reason.</param>
/// <param name="Outcome">made, changed, skipped, failed.</param>
[NotANumber]
public sealed record ImportMatchView(long Row, string Name, Guid Client, IReadOnlyList<string> Reasons, int? AlikePercent, string Outcome);

/// <param name="Column">Its header, or its number; null: it is of the whole row.</param>
/// <param name="Expected">In the language of who began it.</param>
[NotANumber]
public sealed record ImportErrorView(long Row, string? Column, string Value, string Expected);
