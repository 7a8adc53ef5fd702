namespace CallCrm.Engine;

/// <summary>What the settings are asked for on every call, found without a search.</summary>
internal sealed class SettingsIndex
{
    private readonly Dictionary<string, DialledNumberSettings> _dialled = new(StringComparer.Ordinal);
    private readonly HashSet<(string Node, string Endpoint)> _trunks = [];
    private readonly Dictionary<string, PbxSettings> _pbxs = new(StringComparer.Ordinal);

    public SettingsIndex(EngineSettings settings)
    {
        Settings = settings;
        foreach (var row in settings.DialledNumbers)
            _dialled.TryAdd(Digits(row.Number), row);
        foreach (var pbx in settings.Pbxs)
        {
            _pbxs.TryAdd(pbx.Node, pbx);
            foreach (var endpoint in pbx.TrunkEndpoints)
                _trunks.Add((pbx.Node, endpoint));
        }
    }

    public EngineSettings Settings { get; }

    public EngineOptions Options => Settings.Options;

    public bool IsTrunk(string node, string device) => _trunks.Contains((node, device));

    public PbxSettings? Pbx(string node) => _pbxs.GetValueOrDefault(node);

    /// <summary>Digits are compared: a leading + or 00 makes no difference.</summary>
    public DialledNumberSettings? Dialled(PhoneNumber number)
    {
        if (number.E164 is { } e164 && _dialled.TryGetValue(Digits(e164), out var row))
            return row;
        var digits = Digits(number.Raw);
        return digits.Length == 0 ? null : _dialled.GetValueOrDefault(digits);
    }

    internal static string Digits(string number)
    {
        Span<char> digits = stackalloc char[Math.Min(number.Length, 80)];
        var count = 0;
        foreach (var letter in number)
        {
            if (count < digits.Length && (char.IsAsciiDigit(letter) || letter is '*' or '#'))
                digits[count++] = letter;
        }

        var text = digits[..count];
        return (text.StartsWith("00") ? text[2..] : text).ToString();
    }
}
