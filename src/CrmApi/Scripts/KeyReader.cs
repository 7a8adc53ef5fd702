using System.Globalization;
using System.Text.RegularExpressions;

namespace CallCrm.CrmApi.Scripts;

/// <summary>Takes the keys of one block, one by one; a wrong type, a missing key and a key nobody took are reported.</summary>
internal sealed partial class KeyReader
{
    private readonly YamlMap _map;
    private readonly string _what;
    private readonly ProblemList _problems;
    private readonly List<string> _known = [];

    /// <param name="node">Anything but a block of keys is reported and read as an empty one.</param>
    /// <param name="what">What the block is, for messages: "a step".</param>
    public KeyReader(YamlNode node, string what, ProblemList problems)
    {
        _what = what;
        _problems = problems;
        if (node is not YamlMap) problems.Add(node.At, $"{node.Kind} where {what} belongs, expected keys such as \"id:\"");
        Usable = node is YamlMap;
        _map = node as YamlMap ?? new YamlMap(node.At, []);
    }

    public bool Usable { get; }

    public Place At => _map.At;

    /// <summary>Reports each key that was never asked for. Call it last.</summary>
    public void RefuseOthers()
    {
        foreach (var (key, _) in _map.Entries.Where(e => !_known.Contains(e.Key.Value, StringComparer.Ordinal)))
        {
            _problems.Add(key.At, $"unknown key \"{key.Value}\" in {_what}{Nearest.Hint(key.Value, _known)}");
        }
    }

    public YamlNode? Node(string key, bool required = false)
    {
        _known.Add(key);
        var entry = _map.Entries.FirstOrDefault(e => e.Key.Value == key);
        if (entry.Value is null && required && Usable) _problems.Add(At, $"{_what} without \"{key}:\", expected one");
        return entry.Value;
    }

    /// <summary>Where the key stands, else where the block begins.</summary>
    public Place KeyAt(string key) => _map.Entries.FirstOrDefault(e => e.Key.Value == key).Key?.At ?? At;

    public YamlText? TextNode(string key, bool required = false, int most = 300) =>
        Node(key, required) is { } node ? TextOf(node, $"\"{key}\"", most) : null;

    public string? Text(string key, bool required = false, int most = 300) => TextNode(key, required, most)?.Value;

    /// <summary>A short code: <c>new-caller</c>, <c>price_too_high</c>.</summary>
    public string? Code(string key, bool required = false) =>
        TextNode(key, required) is { } text && IsCode(text, $"\"{key}\"") ? text.Value : null;

    /// <summary>One code, or a list of them.</summary>
    public IReadOnlyList<string> Codes(string key)
    {
        if (Node(key) is not { } node) return [];
        if (node is YamlList { Items.Count: 0 }) _problems.Add(node.At, $"\"{key}\" is an empty list, expected at least one code");
        return [.. Each(node).Select(n => TextOf(n, $"\"{key}\"", 60)).OfType<YamlText>().Where(t => IsCode(t, $"\"{key}\"")).Select(t => t.Value)];
    }

    /// <summary>One name as people write it, or a list of them.</summary>
    public IReadOnlyList<string> Names(string key)
    {
        if (Node(key) is not { } node) return [];
        if (node is YamlList { Items.Count: 0 }) _problems.Add(node.At, $"\"{key}\" is an empty list, expected at least one name");
        return [.. Each(node).Select(n => TextOf(n, $"\"{key}\"", 100)).OfType<YamlText>().Select(t => t.Value)];
    }

    public T? OneOf<T>(string key, IReadOnlyDictionary<string, T> words, bool required = false)
        where T : struct
    {
        if (Node(key, required) is not { } node) return null;
        if (node is YamlText text && words.TryGetValue(text.Value, out var value)) return value;
        var found = node is YamlText wrong ? $"\"{wrong.Value}\"" : node.Kind;
        _problems.Add(node.At, $"\"{key}\" is {found}, expected one of: {string.Join(", ", words.Keys)}");
        return null;
    }

    public bool? Flag(string key)
    {
        if (Node(key) is not { } node) return null;
        if (node is YamlText { Scalar: YamlScalar.Flag } text) return bool.Parse(text.Value);
        _problems.Add(node.At, $"\"{key}\" is {node.Kind}, expected true or false");
        return null;
    }

    public int? Whole(string key, int min, int max)
    {
        if (Node(key) is not { } node) return null;
        if (node is YamlText { Scalar: YamlScalar.Number } text
            && int.TryParse(text.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            && value >= min && value <= max)
        {
            return value;
        }

        _problems.Add(node.At, $"\"{key}\" is {node.Kind}, expected a whole number from {min} to {max}");
        return null;
    }

    public decimal? Number(string key)
    {
        if (Node(key) is not { } node) return null;
        if (node is YamlText { Scalar: YamlScalar.Number } text
            && decimal.TryParse(text.Value, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value))
        {
            return value;
        }

        _problems.Add(node.At, $"\"{key}\" is {node.Kind}, expected a number");
        return null;
    }

    /// <summary>One spoken line, or a list of them.</summary>
    public IReadOnlyList<SpokenLine> Lines(string key, bool required = false)
    {
        if (Node(key, required) is not { } node) return [];
        if (node is YamlList { Items.Count: 0 }) _problems.Add(node.At, $"\"{key}\" is an empty list, expected at least one line");
        return [.. Each(node).Select(n => TextOf(n, $"\"{key}\"", 600)).OfType<YamlText>().Select(t => SpokenLine.Read(t.Value, t.At, _problems))];
    }

    public SpokenLine? Line(string key, bool required = false) =>
        TextNode(key, required, 600) is { } text ? SpokenLine.Read(text.Value, text.At, _problems) : null;

    public Target? Target(string key) =>
        TextNode(key) is { } text && IsCode(text, $"\"{key}\"") ? new Target(text.Value, text.At) : null;

    /// <summary>A list of blocks.</summary>
    public IReadOnlyList<YamlNode> List(string key, bool required = false, int most = 200)
    {
        switch (Node(key, required))
        {
            case null:
                return [];
            case YamlList { Items.Count: 0 } list:
                _problems.Add(list.At, $"\"{key}\" is an empty list, expected at least one entry");
                return [];
            case YamlList list when list.Items.Count > most:
                _problems.Add(list.At, $"\"{key}\" has {list.Items.Count} entries, expected at most {most}");
                return [];
            case YamlList list:
                return list.Items;
            case var node:
                _problems.Add(node.At, $"\"{key}\" is {node.Kind}, expected a list: each entry begins with \"- \"");
                return [];
        }
    }

    public YamlText? TextOf(YamlNode node, string what, int most)
    {
        if (node is not YamlText { Scalar: YamlScalar.Text } text)
        {
            var quotes = node is YamlText { Scalar: YamlScalar.Number or YamlScalar.Flag } ? "; put it in quotes" : "";
            _problems.Add(node.At, $"{what} is {node.Kind}, expected text{quotes}");
            return null;
        }

        var value = text.Value.Trim();
        if (value.Length == 0) _problems.Add(node.At, $"{what} is empty, expected text");
        else if (value.Length > most) _problems.Add(node.At, $"{what} has {value.Length} characters, expected at most {most}");
        else if (value.Any(c => char.IsControl(c) && c is not '\n')) _problems.Add(node.At, $"{what} holds a control character, expected plain text");
        else return text with { Value = value };
        return null;
    }

    private bool IsCode(YamlText text, string what)
    {
        if (CodeForm().IsMatch(text.Value)) return true;
        _problems.Add(text.At, $"{what} is \"{text.Value}\", expected a code of a-z, 0-9, \"-\" and \"_\" that begins with a letter (at most 60)");
        return false;
    }

    private static IReadOnlyList<YamlNode> Each(YamlNode node) => node is YamlList list ? list.Items : [node];

    [GeneratedRegex("^[a-z][a-z0-9_-]{0,59}$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CodeForm();
}
