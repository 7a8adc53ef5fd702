using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CallCrm.DemoPbx.Core;

namespace CallCrm.DemoPbx.Ami;

/// <summary>Answers AMI actions with Asterisk's words. Each handler runs on the loop.</summary>
internal sealed class AmiActions
{
    private readonly Exchange _exchange;
    private readonly AmiEvents _events;
    private readonly Dictionary<string, (AmiClasses Needs, Func<AmiSession, AmiRequest, Task> Run)> _handlers;

    public AmiActions(Exchange exchange)
    {
        (_exchange, _events) = (exchange, exchange.Events);
        var lists = new AmiLists(exchange);
        var calls = new AmiCallActions(exchange);
        _handlers = new(StringComparer.OrdinalIgnoreCase)
        {
            ["Ping"] = (AmiClasses.None, Now(Ping)),
            ["Events"] = (AmiClasses.None, Now(Events)),
            ["ListCommands"] = (AmiClasses.None, Now(ListCommands)),
            ["Challenge"] = (AmiClasses.None, Now(Challenge)),
            ["Login"] = (AmiClasses.None, Now((s, r) => Error(s, r, "Already authenticated", "Success"))),
            ["Filter"] = (AmiClasses.System, Now(Filter)),
            ["CoreSettings"] = (AmiClasses.System | AmiClasses.Reporting, Now(lists.CoreSettings)),
            ["CoreStatus"] = (AmiClasses.System | AmiClasses.Reporting, Now(lists.CoreStatus)),
            ["CoreShowChannels"] = (AmiClasses.System | AmiClasses.Reporting, Now(lists.CoreShowChannels)),
            ["Status"] = (AmiClasses.System | AmiClasses.Call | AmiClasses.Reporting, Now(lists.Status)),
            ["DeviceStateList"] = (AmiClasses.Call | AmiClasses.Reporting, Now(lists.DeviceStateList)),
            ["Redirect"] = (AmiClasses.Call, Now(calls.Redirect)),
            ["Bridge"] = (AmiClasses.Call, Now(calls.Bridge)),
            ["Hangup"] = (AmiClasses.System | AmiClasses.Call, Now(calls.Hangup)),
            ["MixMonitorMute"] = (AmiClasses.System | AmiClasses.Call, Now(calls.MixMonitorMute)),
            ["PJSIPNotify"] = (AmiClasses.System, Now(calls.Notify)),
            ["Originate"] = (AmiClasses.Originate, calls.OriginateAsync),
            ["UserEvent"] = (AmiClasses.User, Now(UserEvent)),
            ["Setvar"] = (AmiClasses.Call, Now(calls.Setvar)),
            ["Getvar"] = (AmiClasses.Call | AmiClasses.Reporting, Now(calls.Getvar)),
        };
    }

    /// <summary>Those that the login may use.</summary>
    private void ListCommands(AmiSession session, AmiRequest request)
    {
        var reply = Reply(request, "Success");
        foreach (var (name, handler) in _handlers.OrderBy(h => h.Key, StringComparer.Ordinal))
        {
            if (handler.Needs == AmiClasses.None || (session.Write & handler.Needs) != AmiClasses.None)
            {
                reply.Line(name, "An action of this PBX.");
            }
        }

        session.Send(reply);
    }

    /// <summary>Answers one action; false when the connection is to be closed.</summary>
    public async Task<bool> HandleAsync(AmiSession session, AmiRequest request)
    {
        if (request.LineTooLong)
        {
            Error(session, request, "Failed to parse message: line too long");
            return true;
        }

        if (request.Action.Length == 0)
        {
            Error(session, request, "Missing action in request");
            return true;
        }

        if (Is(request, "Logoff"))
        {
            session.Send(Reply(request, "Goodbye").Line("Message", "Thanks for all the fish."));
            return false;
        }

        if (session.User is null && Is(request, "Login"))
        {
            return await LoginAsync(session, request);
        }

        if (!_handlers.TryGetValue(request.Action, out var handler))
        {
            Error(session, request, session.User is null
                ? "Permission denied"
                : $"Invalid/unknown command: {request.Action}. Use Action: ListCommands to show available commands.");
            return true;
        }

        if (session.User is null ? !Is(request, "Challenge") : handler.Needs != AmiClasses.None && (session.Write & handler.Needs) == AmiClasses.None)
        {
            Error(session, request, "Permission denied");
            return true;
        }

        await handler.Run(session, request);
        return true;
    }

    public static AmiText Reply(AmiRequest request, string response)
    {
        var text = new AmiText().Line("Response", response);
        return request.ActionId is { } id ? text.Line("ActionID", id) : text;
    }

    public static void Error(AmiSession session, AmiRequest request, string message, string response = "Error") =>
        session.Send(Reply(request, response).Line("Message", message));

    private static Func<AmiSession, AmiRequest, Task> Now(Action<AmiSession, AmiRequest> handler) => (session, request) =>
    {
        handler(session, request);
        return Task.CompletedTask;
    };

    private static bool Is(AmiRequest request, string action) => request.Action.Equals(action, StringComparison.OrdinalIgnoreCase);

    private static void Challenge(AmiSession session, AmiRequest request)
    {
        if (request["AuthType"]?.Equals("MD5", StringComparison.OrdinalIgnoreCase) != true)
        {
            Error(session, request, "Must specify AuthType");
            return;
        }

        session.Challenge = RandomNumberGenerator.GetInt32(100_000_000, 999_999_999).ToString(CultureInfo.InvariantCulture);
        session.Send(Reply(request, "Success").Line("Challenge", session.Challenge));
    }

    private async Task<bool> LoginAsync(AmiSession session, AmiRequest request)
    {
        if (Authenticate(session, request) is not { } user)
        {
            // A second's pause spoils guessing; then one answer for every reason.
            await _exchange.WaitAsync(TimeSpan.FromSeconds(1), session.Closed);
            Error(session, request, "Authentication failed");
            return false;
        }

        session.LogIn(user, request["Events"] is { } mask ? Mask(mask) : AmiClasses.All);
        session.Send(Reply(request, "Success").Line("Message", "Authentication accepted"));
        if (session.Wants(AmiClasses.System, "FullyBooted", ""))
        {
            _events.EmitTo(session, AmiClasses.System, "FullyBooted", t => t
                .Line("Uptime", _exchange.FormatUptime())
                .Line("LastReload", _exchange.FormatUptime())
                .Line("Status", "Fully Booted"));
        }

        _events.Add(session);
        return true;
    }

    private DemoAmiUser? Authenticate(AmiSession session, AmiRequest request)
    {
        var user = _exchange.Options.Users.FirstOrDefault(u => u.Name == request["Username"]);
        if (user is null or { Secret.Length: 0 })
        {
            return null;
        }

        if (request["AuthType"]?.Equals("MD5", StringComparison.OrdinalIgnoreCase) == true)
        {
            // Asterisk's challenge login is MD5 by definition; it protects the secret on a wire that is loopback here.
            var right = Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(session.Challenge + user.Secret)));
            return session.Challenge.Length > 0 && Same(right, request["Key"]) ? user : null;
        }

        return Same(user.Secret, request["Secret"]) ? user : null;
    }

    private static bool Same(string right, string? given) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(right), Encoding.UTF8.GetBytes(given ?? ""));

    private void Ping(AmiSession session, AmiRequest request) => session.Send(
        Reply(request, "Success").Line("Ping", "Pong").Line("Timestamp", AmiEvents.Stamp(_exchange.Time.GetUtcNow())));

    private static void Events(AmiSession session, AmiRequest request)
    {
        var mask = Mask(request["EventMask"] ?? "");
        session.SetMask(mask);
        session.Send(Reply(request, "Success").Line("Events", mask == AmiClasses.None ? "Off" : "On"));
    }

    private static AmiClasses Mask(string mask) => mask.ToLowerInvariant() switch
    {
        "on" or "yes" or "true" or "all" => AmiClasses.All,
        "off" or "no" or "false" or "none" => AmiClasses.None,
        var list => AmiClassNames.Parse(list),
    };

    private static void Filter(AmiSession session, AmiRequest request)
    {
        if (request["Operation"]?.Equals("Add", StringComparison.OrdinalIgnoreCase) != true)
        {
            Error(session, request, "Unknown operation");
            return;
        }

        if (AmiFilter.Parse(request["MatchCriteria"], request["Filter"], out var error) is not { } filter)
        {
            Error(session, request, error);
            return;
        }

        session.Filters.Add(filter);
        Error(session, request, "Success", "Success");
    }

    private void UserEvent(AmiSession session, AmiRequest request)
    {
        Error(session, request, "Event Sent", "Success");
        _events.Emit(AmiClasses.User, "UserEvent", t =>
        {
            t.Line("UserEvent", request["UserEvent"]);
            foreach (var (key, value) in request.Lines)
            {
                if (!key.Equals("Action", StringComparison.OrdinalIgnoreCase) && !key.Equals("UserEvent", StringComparison.OrdinalIgnoreCase))
                {
                    t.Line(key, value);
                }
            }
        });
    }
}
