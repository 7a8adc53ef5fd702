using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace CallCrm.CrmApi.Scripts;

/// <summary>Line and column in a file, both from 1.</summary>
internal readonly record struct Place(int Line, int Column)
{
    public static readonly Place Start = new(1, 1);

    public static Place Of(Mark mark) => new((int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));
}

/// <summary>A node that knows where it stands; what is read from it can be reported by line.</summary>
internal abstract record YamlNode(Place At)
{
    public abstract string Kind { get; }
}

internal sealed record YamlText(Place At, string Value, bool Quoted) : YamlNode(At)
{
    public override string Kind => Scalar switch
    {
        YamlScalar.Nothing => "nothing",
        YamlScalar.Flag => $"{Value} (true or false)",
        YamlScalar.Number => $"the number {Value}",
        _ => "text",
    };

    public YamlScalar Scalar => Quoted ? YamlScalar.Text : YamlScalars.Of(Value);
}

internal sealed record YamlList(Place At, IReadOnlyList<YamlNode> Items) : YamlNode(At)
{
    public override string Kind => "a list";
}

internal sealed record YamlMap(Place At, IReadOnlyList<(YamlText Key, YamlNode Value)> Entries) : YamlNode(At)
{
    public override string Kind => "a block of keys";
}

internal enum YamlScalar
{
    Text,
    Nothing,
    Flag,
    Number,
}

/// <summary>What a plain scalar means by the core schema of YAML 1.2 (section 10.3.2). There, <c>yes</c> and <c>no</c> are text.</summary>
internal static class YamlScalars
{
    public static YamlScalar Of(string plain) => plain switch
    {
        "" or "~" or "null" or "Null" or "NULL" => YamlScalar.Nothing,
        "true" or "True" or "TRUE" or "false" or "False" or "FALSE" => YamlScalar.Flag,
        _ when IsNumber(plain) => YamlScalar.Number,
        _ => YamlScalar.Text,
    };

    private static bool IsNumber(string plain) =>
        char.IsAsciiDigit(plain[^1]) && plain.All(c => char.IsAsciiDigit(c) || c is '.' or '-' or '+' or 'e' or 'E')
        && double.TryParse(plain, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out _);
}

/// <summary>
/// Reads one YAML document into nodes with places. Built on the event stream, not on the representation model:
/// that one expands aliases (a kilobyte can become gigabytes) and stops at the first repeated key.
/// Anchors, aliases and tags are refused; scripts need none.
/// </summary>
internal sealed class YamlTree
{
    public const int MaxDepth = 12;

    private readonly Parser _parser;
    private readonly ProblemList _problems;
    private Place _last = Place.Start;

    private YamlTree(string text, ProblemList problems)
    {
        _parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
        _problems = problems;
    }

    /// <summary>The document's root, or null with at least one problem reported.</summary>
    public static YamlNode? Read(string text, ProblemList problems)
    {
        var tree = new YamlTree(text, problems);
        try
        {
            return tree.Document();
        }
        catch (YamlException e)
        {
            problems.Add(Place.Of(e.Start), $"this is not valid YAML: {Plain(e)}");
            return null;
        }
        catch (TooDeepException e)
        {
            problems.Add(e.At, $"nested deeper than {MaxDepth} levels, expected at most {MaxDepth}");
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // The scanner's own bugs on some damaged texts: one file must not hold up the others.
            problems.Add(tree._last, "from here on this is not valid YAML");
            return null;
        }
    }

    private YamlNode? Document()
    {
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out _))
        {
            _problems.Add(Place.Start, "the file is empty, expected a script that begins with \"id:\"");
            return null;
        }

        _parser.Consume<DocumentStart>();
        var root = Node(1);
        _parser.Consume<DocumentEnd>();
        if (_parser.Accept<DocumentStart>(out var second))
        {
            _problems.Add(Place.Of(second.Start), "a second document begins here (\"---\"), expected one script per file");
        }

        return root;
    }

    private YamlNode Node(int depth)
    {
        var at = Place.Of(_parser.Current!.Start);
        _last = at;
        if (depth > MaxDepth) throw new TooDeepException(at);
        if (_parser.Current is NodeEvent node) RefuseAnchorAndTag(node, at);

        if (_parser.TryConsume<AnchorAlias>(out var alias))
        {
            _problems.Add(at, $"alias \"*{alias.Value}\" is not allowed, expected the text itself");
            return new YamlText(at, "", Quoted: true);
        }

        if (_parser.TryConsume<Scalar>(out var scalar))
        {
            return new YamlText(at, scalar.Value, scalar.Style is not ScalarStyle.Plain);
        }

        return _parser.TryConsume<SequenceStart>(out _) ? List(at, depth) : Map(at, depth);
    }

    private YamlList List(Place at, int depth)
    {
        var items = new List<YamlNode>();
        while (!_parser.TryConsume<SequenceEnd>(out _)) items.Add(Node(depth + 1));
        return new YamlList(at, items);
    }

    private YamlMap Map(Place at, int depth)
    {
        _parser.Consume<MappingStart>();
        var entries = new List<(YamlText, YamlNode)>();
        var seen = new Dictionary<string, Place>(StringComparer.Ordinal);
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var key = Node(depth + 1);
            var value = Node(depth + 1);
            if (key is not YamlText text)
            {
                _problems.Add(key.At, $"a key is {key.Kind}, expected a plain word");
            }
            else if (seen.TryAdd(text.Value, text.At))
            {
                entries.Add((text, value));
            }
            else
            {
                _problems.Add(text.At, $"key \"{text.Value}\" is given twice, first on line {seen[text.Value].Line}");
            }
        }

        return new YamlMap(at, entries);
    }

    private void RefuseAnchorAndTag(NodeEvent node, Place at)
    {
        if (!node.Anchor.IsEmpty)
        {
            _problems.Add(at, $"anchor \"&{node.Anchor.Value}\" is not allowed, expected plain values");
        }

        if (!node.Tag.IsEmpty) _problems.Add(at, $"tag \"{node.Tag}\" is not allowed, expected plain values");
    }

    private static string Plain(YamlException e) => (e.InnerException?.Message ?? e.Message).TrimEnd('.');

    private sealed class TooDeepException(Place at) : Exception
    {
        public Place At => at;
    }
}
