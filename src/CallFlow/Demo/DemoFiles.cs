using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace CallCrm.CallFlow.Demo;

internal sealed record DemoFile(Guid Id, string ObjectKind, Guid ObjectId, string Name, long SizeBytes, string Sha256, string Kind, string ContentType, Guid UploadedBy, DateTimeOffset UploadedAt);

/// <summary>Papers on clients and deals: a few real documents that many share, as files with the same content do.</summary>
internal static class DemoFiles
{
    sealed record Paper(string Name, string Kind, string Type, byte[] Content)
    {
        public string Sha256 { get; } = Convert.ToHexStringLower(SHA256.HashData(Content));
    }

    /// <param name="files">Null: the host keeps none.</param>
    public static async Task FillAsync(NpgsqlConnection connection, StoredFiles? files, DemoRandom random, List<DemoClient> clients, List<DemoDeal> deals, DateTimeOffset now, CancellationToken ct)
    {
        if (files is null) return;
        var rows = new List<DemoFile>();
        var offers = Enumerable.Range(0, 6).Select(n => Offer(n)).ToArray();
        foreach (var deal in deals.Where(d => d.Stage is "proposal" or "negotiation" or "won" && d.CreatedAt < now.AddDays(-6)))
        {
            if (random.Percent(40)) Add("deal", deal.Id, random.One(offers), deal.ResponsibleId, deal.CreatedAt.AddDays(random.Between(1, 5)));
        }

        foreach (var client in clients.Where(c => c is { Confirmed: true, DeletedAt: null } && c.CreatedAt < now.AddDays(-20)))
        {
            if (random.Percent(client.Kind == "company" ? 22 : 4)) Add("client", client.Id, random.One(Papers), client.ResponsibleId, client.CreatedAt.AddDays(random.Between(1, 15)));
        }

        // Their names are their contents: what is there already is right, and what a start that was killed left is used by the next.
        foreach (var paper in offers.Concat(Papers)) await WriteAsync(files, paper, ct);
        await DemoInsert.RowsAsync(connection, "file", rows.OrderBy(f => f.UploadedAt), ct);

        void Add(string kind, Guid id, Paper paper, Guid? by, DateTimeOffset at) =>
            rows.Add(new DemoFile(random.Id(at), kind, id, paper.Name, paper.Content.Length, paper.Sha256, paper.Kind, paper.Type, by ?? DemoCompany.People[0].Id, at));
    }

    static async Task WriteAsync(StoredFiles files, Paper paper, CancellationToken ct)
    {
        var path = files.PathOf(paper.Sha256);
        if (File.Exists(path)) return;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Directory.CreateDirectory(files.IncomingFolder);
        var incoming = Path.Combine(files.IncomingFolder, $"demo-{paper.Sha256}");
        await File.WriteAllBytesAsync(incoming, paper.Content, ct);
        File.Move(incoming, path, overwrite: true);
    }

    static Paper Pdf(string name, params string[] lines) => new(name, "pdf", "application/pdf", DemoPdf.Of(lines));

    static Paper Offer(int n)
    {
        var (number, price) = (2040 + (n * 7), 1_850 + (n * 640));
        return Pdf(string.Create(CultureInfo.InvariantCulture, $"Offer {number}.pdf"), string.Create(CultureInfo.InvariantCulture, $"Offer {number}"), "CallCrm Demo, Via dei Mille 4, Milano", "",
            string.Create(CultureInfo.InvariantCulture, $"{n + 2} workplaces with device and installation"), string.Create(CultureInfo.InvariantCulture, $"EUR {price:N0}.00 without tax"), "", "Valid for 30 days. Delivery within three weeks of the order.");
    }

    static readonly Paper[] Papers =
    [
        Pdf("Price list.pdf", "Price list", "", "Device D40  EUR 420.00", "Device D60  EUR 780.00", "Terminal T3  EUR 190.00", "Service, a year  EUR 240.00"),
        Pdf("Terms of service.pdf", "Terms of service", "", "A technician comes within two working days.", "Spare parts are included in the second year."),
        Pdf("Contract, signed.pdf", "Service contract", "", "Between CallCrm Demo and the client named on the card.", "Runs for twelve months and is renewed by word.", "", "Signed in Milano"),
        new("Inventory.csv", "text", "text/plain", Encoding.UTF8.GetBytes("device,serial,room\r\nD40,SN-20418,Office 1\r\nD40,SN-20419,Office 2\r\nT3,SN-88120,Counter\r\n")),
        new("Come arrivare.txt", "text", "text/plain", Encoding.UTF8.GetBytes("Entrata dal cortile, citofono \"Magazzino\".\r\nParcheggio riservato davanti al numero 12.\r\n")),
        new("Пожелания.txt", "text", "text/plain", Encoding.UTF8.GetBytes("Доставка только в первой половине дня.\r\nДокументы — на бухгалтерию, в двух экземплярах.\r\n")),
    ];
}

/// <summary>One page of text as PDF 1.4: Helvetica, which every reader has.</summary>
internal static class DemoPdf
{
    public static byte[] Of(IReadOnlyList<string> lines)
    {
        var text = new StringBuilder("BT /F1 20 Tf 60 770 Td (").Append(Escape(lines[0])).Append(") Tj /F1 11 Tf 0 -14 Td");
        foreach (var line in lines.Skip(1)) text.Append(CultureInfo.InvariantCulture, $" 0 -18 Td ({Escape(line)}) Tj");
        text.Append(" ET");
        string[] objects =
        [
            "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 4 0 R >> >> /Contents 5 0 R >>",
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>", $"<< /Length {text.Length.ToString(CultureInfo.InvariantCulture)} >>\nstream\n{text}\nendstream",
        ];
        var file = new StringBuilder("%PDF-1.4\n");
        var places = new List<int>();
        for (var n = 0; n < objects.Length; n++)
        {
            places.Add(file.Length);
            file.Append(CultureInfo.InvariantCulture, $"{n + 1} 0 obj\n{objects[n]}\nendobj\n");
        }

        var start = file.Length;
        file.Append(CultureInfo.InvariantCulture, $"xref\n0 {objects.Length + 1}\n0000000000 65535 f \n");
        foreach (var place in places) file.Append(CultureInfo.InvariantCulture, $"{place:D10} 00000 n \n");
        file.Append(CultureInfo.InvariantCulture, $"trailer\n<< /Size {objects.Length + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
        return Encoding.Latin1.GetBytes(file.ToString());
    }

    static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("(", "\\(", StringComparison.Ordinal).Replace(")", "\\)", StringComparison.Ordinal);
}
