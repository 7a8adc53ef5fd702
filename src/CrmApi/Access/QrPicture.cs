using System.Globalization;
using System.Text;
using QRCoder;

namespace CallCrm.CrmApi.Access;

/// <summary>A QR code as the path of an SVG, one unit a module, its quiet edge included.</summary>
internal static class QrPicture
{
    public static (string Path, int Size) Of(string text)
    {
        using var code = QRCodeGenerator.GenerateQrCode(text, QRCodeGenerator.ECCLevel.M);
        var path = new StringBuilder();
        for (var y = 0; y < code.ModuleMatrix.Count; y++)
        {
            var row = code.ModuleMatrix[y];
            for (var x = 0; x < row.Length; x++)
            {
                var start = x;
                while (x < row.Length && row[x]) x++;
                if (x > start) path.Append(CultureInfo.InvariantCulture, $"M{start} {y}h{x - start}v1h{start - x}z");
            }
        }

        return (path.ToString(), code.ModuleMatrix.Count);
    }
}
