using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace CallCrm.Telephony.Ami;

/// <summary>One action on its way.</summary>
sealed class AmiPendingAction(bool isList)
{
    /// <summary>A list longer than this is given up: nothing we ask for has that many entries.</summary>
    public const int MaxItems = 100_000;

    public bool IsList { get; } = isList;

    public AmiResponse? Opening { get; set; }

    readonly List<AmiEvent> _items = [];

    public TaskCompletionSource<AmiListResponse> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Adds an entry of the list; false when there are too many.</summary>
    public bool TryAdd(AmiEvent item)
    {
        // The deadline may end the action while the reader adds to it.
        lock (_items)
        {
            if (_items.Count >= MaxItems)
                return false;
            _items.Add(item);
            return true;
        }
    }

    public AmiListResponse End(AmiOutcome outcome, string message, long sequence = 0)
    {
        AmiEvent[] items;
        lock (_items)
            items = [.. _items];
        var response = Opening is { } opening
            ? opening with { Outcome = outcome, Message = message.Length > 0 ? message : opening.Message }
            : new AmiResponse(outcome, message, AmiHeaders.Empty, sequence);
        var result = new AmiListResponse(response, items, sequence);
        Done.TrySetResult(result);
        return result;
    }
}

/// <summary>
/// Actions waiting for their answer, by a number that stands in the <c>ActionID</c> behind a prefix of this client. Lists
/// carry a mark, so that an entry of one that was given up is told from a live event of the same name.
/// </summary>
sealed class AmiPending(AmiMetrics metrics)
{
    // Other managers of the same PBX see some of our ids (OriginateResponse goes to all), so each client has its own prefix.
    readonly string _prefix = string.Create(CultureInfo.InvariantCulture, $"cc{Guid.NewGuid().ToString("N")[..8]}-");
    readonly Dictionary<long, AmiPendingAction> _waiting = [];
    readonly Lock _lock = new();
    byte[]? _prefixBytes;
    volatile int _lists;
    bool _open;
    long _last;

    byte[] PrefixBytes => _prefixBytes ??= Encoding.ASCII.GetBytes(_prefix);

    /// <summary>True while a list is being read, so that its entries must be looked for among unwanted events.</summary>
    public bool HasLists => _lists > 0;

    public void Open()
    {
        lock (_lock)
            _open = true;
    }

    /// <summary>The connection is gone: everything waiting ends now, nothing new begins.</summary>
    public void Close(string detail)
    {
        AmiPendingAction[] ended;
        lock (_lock)
        {
            _open = false;
            ended = [.. _waiting.Values];
            _waiting.Clear();
            _lists = 0;
        }

        foreach (var action in ended)
            action.End(AmiOutcome.Lost, detail);
    }

    public bool TryBegin(bool isList, out long number, out string actionId, out AmiPendingAction action)
    {
        action = new AmiPendingAction(isList);
        lock (_lock)
        {
            number = ++_last;
            actionId = _prefix + (isList ? "L" : "") + number.ToString(CultureInfo.InvariantCulture);
            if (!_open)
                return false;
            _waiting.Add(number, action);
            if (isList)
                _lists++;
        }

        return true;
    }

    public void Forget(long number) => Take(number);

    /// <summary>A response: false when nobody waits for it (no id, not ours, too late).</summary>
    public bool OnResponse(in AmiMessage message, AmiCopier copier, long sequence)
    {
        if (!message.TryGet("ActionID"u8, out var id) || !TryReadId(id, out var number, out _))
            return false;
        AmiPendingAction? action;
        lock (_lock)
            _waiting.TryGetValue(number, out action);
        if (action is null)
            return false;
        var headers = copier.Headers(message);
        var failed = headers[0].Value.Equals("Error", StringComparison.OrdinalIgnoreCase);
        var response = new AmiResponse(failed ? AmiOutcome.Error : AmiOutcome.Success, headers["Message"] ?? "", headers, sequence);
        action.Opening ??= response;
        if (!action.IsList || failed)
        {
            Take(number);
            action.End(response.Outcome, response.Message, sequence);
        }

        return true;
    }

    /// <summary>An event: true when it was an entry of one of our lists (also of one given up), so no live event.</summary>
    public bool OnEvent(in AmiMessage message, AmiCopier copier, long sequence, long receivedAt, DateTimeOffset receivedUtc)
    {
        if (!message.TryGet("ActionID"u8, out var id) || !TryReadId(id, out var number, out var isList) || !isList)
            return false;
        AmiPendingAction? action;
        lock (_lock)
            _waiting.TryGetValue(number, out action);
        if (action is null)
        {
            metrics.Orphan();
            return true;
        }

        var complete = message.TryGet("EventList"u8, out var list);
        if (!complete && action.TryAdd(copier.Event(message, sequence, receivedAt, receivedUtc)))
            return true;

        Take(number);
        if (!complete)
            action.End(AmiOutcome.Error, "List too long", sequence);
        else if (Ascii.EqualsIgnoreCase(list, "Complete"u8))
            action.End(AmiOutcome.Success, "", sequence);
        else
            action.End(AmiOutcome.Error, "List cancelled", sequence);
        return true;
    }

    void Take(long number)
    {
        lock (_lock)
        {
            if (_waiting.Remove(number, out var action) && action.IsList)
                _lists--;
        }
    }

    bool TryReadId(ReadOnlySpan<byte> id, out long number, out bool isList)
    {
        (number, isList) = (0, false);
        if (!id.StartsWith(PrefixBytes))
            return false;
        id = id[PrefixBytes.Length..];
        isList = id.Length > 0 && id[0] == 'L';
        return Utf8Parser.TryParse(isList ? id[1..] : id, out number, out var used) && used == id.Length - (isList ? 1 : 0);
    }
}
