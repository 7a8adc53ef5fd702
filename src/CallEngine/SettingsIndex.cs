namespace CallCrm.Engine;

/// <summary>What the settings are asked for on every call, found without a search.</summary>
internal sealed class SettingsIndex
{
    private readonly Dictionary<string, DialledNumberSettings> _dialled = new(StringComparer.Ordinal);
    private readonly HashSet<(string Node, string Endpoint)> _trunks = [];
    private readonly Dictionary<string, PbxSettings> _pbxs = new(StringComparer.Ordinal);

    // By number: where its rows begin.
    private readonly Dictionary<string, int> _blocked = new(StringComparer.Ordinal);

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

        for (var at = 0; !settings.Blocked.IsDefault && at < settings.Blocked.Length; at++)
            _blocked.TryAdd(settings.Blocked[at].Number, at);
    }

    public EngineSettings Settings { get; }

    public EngineOptions Options => Settings.Options;

    public bool IsTrunk(string node, string device) => _trunks.Contains((node, device));

    public PbxSettings? Pbx(string node) => _pbxs.GetValueOrDefault(node);

    public bool Blocks(string e164, Guid queue, DateTimeOffset now)
    {
        if (!_blocked.TryGetValue(e164, out var at))
            return false;
        for (var rows = Settings.Blocked; at < rows.Length && string.Equals(rows[at].Number, e164, StringComparison.Ordinal); at++)
        {
            if ((rows[at].Queue is null || rows[at].Queue == queue) && !(rows[at].Until <= now))
                return true;
        }

        return false;
    }

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
