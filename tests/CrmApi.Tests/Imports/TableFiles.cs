using System.Text;
using NPOI.HSSF.UserModel;
using SpreadCheetah;

namespace CallCrm.CrmApi.Tests.Imports;

/// <summary>Files as people's programs write them.</summary>
static class TableFiles
{
    static TableFiles() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    public static Encoding Windows1251 => Encoding.GetEncoding(1251);

    public static Encoding Windows1252 => Encoding.GetEncoding(1252);

    public static byte[] Text(string text, Encoding encoding, bool mark = false) => [.. mark ? encoding.GetPreamble() : [], .. encoding.GetBytes(text)];

    /// <summary>What 1C saves as CSV: Windows-1251, semicolons, decimal commas, a title and an empty line above the table.</summary>
    public static byte[] From1C => Text(
        """"
        Контрагенты на 28.11.2026;;;;;
        ;;;;;
        Наименование;Телефон;Эл. почта;Город;Ответственный;Комментарий
        "ООО ""Ромашка""";+7 (495) 765-43-21, доб. 12;info@romashka.example;Москва;Anna Verdi;Скидка 7,5 %
        Петров Пётр Петрович;+7 916 765-43-22;;Тверь;luca;"Две
        строки"

        """".ReplaceLineEndings("\r\n"), Windows1251);

    /// <summary>Cells as Excel keeps them: numbers are numbers, dates are numbers with a format.</summary>
    public static async Task<byte[]> XlsxAsync(params object?[][] rows)
    {
        using var stream = new MemoryStream();
        await using (var book = await Spreadsheet.CreateNewAsync(stream))
        {
            await book.StartWorksheetAsync("Clients");
            foreach (var row in rows)
            {
                await book.AddRowAsync(row.Select(c => c switch { null => default, double d => new DataCell(d), DateTime d => new DataCell(d), var other => new DataCell((string)other) }).ToArray());
            }

            await book.FinishAsync();
        }

        return stream.ToArray();
    }

    public static byte[] Xls(params object?[][] rows)
    {
        var book = new HSSFWorkbook();
        var sheet = book.CreateSheet("Лист1");
        var date = book.CreateCellStyle();
        date.DataFormat = 14;
        for (var r = 0; r < rows.Length; r++)
        {
            var row = sheet.CreateRow(r);
            for (var c = 0; c < rows[r].Length; c++)
            {
                var cell = row.CreateCell(c);
                if (rows[r][c] is double number) cell.SetCellValue(number);
                else if (rows[r][c] is DateTime day) (cell.CellStyle, _) = (date, Set(cell, day));
                else cell.SetCellValue((string?)rows[r][c] ?? "");
            }
        }

        using var stream = new MemoryStream();
        book.Write(stream);
        return stream.ToArray();

        static bool Set(NPOI.SS.UserModel.ICell cell, DateTime day)
        {
            cell.SetCellValue(day);
            return true;
        }
    }
}
