using System.Text;
using CallCrm.CrmApi.Scripts;

namespace CallCrm.CrmApi.Tests.Scripts;

/// <summary>Whatever a file holds, the reader answers with a script or with problems.</summary>
[Trait("Category", "Slow")]
public sealed class ScriptFuzzTests
{
    private static readonly string[] Pieces =
        ["---\n", "...\n", "? ", ": ", "- ", "&a ", "*a ", "!!x ", "%YAML 1.1\n", "{", "}", "[", "]", "|\n", ">\n", "\"", "'", "#", "\t", "\0", "\uFFFE", "<<: ", "@", "`", "{{", "}}", "\n  ", "\r"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_damaged_script_is_refused_and_never_throws(int seed)
    {
        var random = new Random(seed);
        var whole = Directory.GetFiles(ScriptLibraryTests.Folder, "*.yaml").Order(StringComparer.Ordinal).Select(File.ReadAllText).ToArray();
        for (var i = 0; i < 250; i++)
        {
            var text = Damage(whole[random.Next(whole.Length)], random);

            var reading = ScriptReader.Read("fuzz.yaml", text, ScriptShape.Library);

            (reading.Script is null).Should().Be(reading.Problems.Count > 0, $"seed {seed}, round {i}");
            reading.Problems.Should().NotContain(p => p.At.Line < 1 || p.At.Column < 1 || p.Message.Length > 2_000);
        }
    }

    private static byte[] Damage(string text, Random random)
    {
        var damaged = new StringBuilder(text);
        for (var n = random.Next(1, 4); n > 0; n--)
        {
            var at = random.Next(damaged.Length);
            switch (random.Next(4))
            {
                case 0:
                    damaged.Length = Math.Max(1, at);
                    break;
                case 1:
                    damaged.Remove(at, Math.Min(random.Next(1, 200), damaged.Length - at));
                    break;
                case 2:
                    damaged.Insert(at, Pieces[random.Next(Pieces.Length)]);
                    break;
                default:
                    damaged.Insert(at, damaged.ToString(at, Math.Min(random.Next(1, 300), damaged.Length - at)));
                    break;
            }

            if (damaged.Length == 0) damaged.Append('x');
        }

        var bytes = Encoding.UTF8.GetBytes(damaged.ToString());
        if (random.Next(5) == 0) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return bytes;
    }
}
