using System.Globalization;
using CallCrm.DemoPbx.Core;

namespace CallCrm.DemoPbx.Ami;

/// <summary>Actions that change calls.</summary>
internal sealed class AmiCallActions(Exchange exchange)
{
    public void Redirect(AmiSession session, AmiRequest request)
    {
        foreach (var key in (ReadOnlySpan<string>)["Channel", "Context", "Exten", "Priority"])
        {
            if (string.IsNullOrEmpty(request[key]))
            {
                AmiActions.Error(session, request, $"{key} not specified");
                return;
            }
        }

        // A label is looked up first, so a missing target harms nobody; a number is believed (manager.c, action_redirect).
        var target = new DialplanPoint(request["Context"]!, request["Exten"]!, request["Priority"]!);
        if (!int.TryParse(target.Priority, NumberStyles.Integer, CultureInfo.InvariantCulture, out _)
            && !SnippetContexts.HasLabel(exchange.Options, target))
        {
            AmiActions.Error(session, request, "Priority is invalid");
            return;
        }

        if (exchange.FindChannel(request["Channel"]!) is not { } channel)
        {
            AmiActions.Error(session, request, $"Channel does not exist: {request["Channel"]}");
            return;
        }

        var extra = request["ExtraChannel"] is { Length: > 0 } other ? exchange.FindChannel(other) : null;
        var extraTarget = new DialplanPoint(request["ExtraContext"] ?? "", request["ExtraExten"] ?? "", request["ExtraPriority"] ?? "");
        if (!string.IsNullOrEmpty(request["ExtraChannel"]) && (extra is null || !SnippetContexts.HasLabel(exchange.Options, extraTarget)))
        {
            AmiActions.Error(session, request, extra is null ? $"ExtraChannel does not exist: {request["ExtraChannel"]}" : "ExtraPriority is invalid");
            return;
        }

        if (!MayMove(channel, target) || (extra is not null && !MayMove(extra, extraTarget)))
        {
            AmiActions.Error(session, request, $"Redirect failed, channel not up: {request["Channel"]}");
            return;
        }

        AmiActions.Error(session, request, extra is null ? "Redirect successful" : "Dual Redirect successful", "Success");
        // The leg first: its Dial ends with it then, and does not end it.
        if (extra is not null)
        {
            Move(extra, extraTarget);
        }

        Move(channel, target);
    }

    /// <summary>A caller anywhere; an agent's or a target's leg only into a consultation.</summary>
    private bool MayMove(PbxChannel channel, DialplanPoint target) => channel.Pending != Interruption.Hangup && !channel.Ended
        && (exchange.Calls.Exists(c => c.Leg == channel) || (channel.State == ChannelState.Up && target.Context == SnippetContexts.Consult));

    private void Move(PbxChannel channel, DialplanPoint target)
    {
        if (target.Context != SnippetContexts.Consult || channel.Onward)
        {
            channel.Interrupt(Interruption.Redirect, target);
            return;
        }

        // A dialled leg has no dialplan of its own until now.
        (channel.Context, channel.Exten, channel.Onward) = (target.Context, target.Exten, true);
        exchange.Part(channel);
        exchange.Loop.Spawn(() => new ConsultLeg(exchange, channel).RunAsync(), "a consultation");
    }

    public void Bridge(AmiSession session, AmiRequest request)
    {
        PbxChannel[] both = [.. new[] { request["Channel1"], request["Channel2"] }.Select(n => string.IsNullOrEmpty(n) ? null : exchange.FindChannel(n)).OfType<PbxChannel>()];
        if (both.Length < 2 || both[0] == both[1])
        {
            AmiActions.Error(session, request, both.Length < 2 ? "Channel1 or Channel2 does not exists" : "Unable to bridge channel to itself");
            return;
        }

        if (Array.Exists(both, c => c.Bridge is null))
        {
            AmiActions.Error(session, request, "Unable to add Channel1 to bridge");
            return;
        }

        exchange.Bring(both[0], both[1]);
        AmiActions.Error(session, request, "Channels have been bridged", "Success");
    }

    public void Hangup(AmiSession session, AmiRequest request)
    {
        if (string.IsNullOrEmpty(request["Channel"]))
        {
            AmiActions.Error(session, request, "No channel specified");
            return;
        }

        if (exchange.FindChannel(request["Channel"]!) is not { } channel)
        {
            AmiActions.Error(session, request, "No such channel");
            return;
        }

        AmiActions.Error(session, request, "Channel Hungup", "Success");
        var number = int.TryParse(request["Cause"], NumberStyles.None, CultureInfo.InvariantCulture, out var given) && given is > 0 and < 128 ? given : 16;
        var cause = number == 16 ? HangupCause.Normal : HangupCause.Rejected(number);
        if (channel.Phone is { } phone)
        {
            phone.CutLeg(channel, cause);
        }
        else
        {
            channel.Gone.TrySetResult(cause);
        }

        channel.Cause ??= cause;
        channel.Interrupt(Interruption.Hangup);
    }

    public void MixMonitorMute(AmiSession session, AmiRequest request)
    {
        if (string.IsNullOrEmpty(request["Channel"]))
        {
            AmiActions.Error(session, request, "No channel specified");
            return;
        }

        var (direction, state) = (request["Direction"] ?? "", request["State"] ?? "");
        if (direction is not ("both" or "read" or "write"))
        {
            AmiActions.Error(session, request, "Invalid direction specified. Must be read, write or both");
            return;
        }

        if (state is not ("0" or "1"))
        {
            AmiActions.Error(session, request, "Invalid state");
            return;
        }

        if (exchange.FindChannel(request["Channel"]!) is not { } channel)
        {
            AmiActions.Error(session, request, "No such channel");
            return;
        }

        if (channel.Recording is null)
        {
            AmiActions.Error(session, request, "Cannot set mute flag");
            return;
        }

        channel.Recording.Mute(exchange.Time.GetUtcNow(), direction, state == "1");
        session.Send(AmiActions.Reply(request, "Success"));
        exchange.Emit("MixMonitorMute", channel, t => t.Line("Direction", direction).Line("State", state));
    }

    /// <summary>The desk phones' remote control: <c>Event: talk</c> answers or takes back what is held, <c>Event: hold</c> holds (pressed again, takes back).</summary>
    public void Notify(AmiSession session, AmiRequest request)
    {
        var (endpoint, channel) = (request["Endpoint"], request["Channel"]);
        if (string.IsNullOrEmpty(endpoint) && string.IsNullOrEmpty(channel))
        {
            AmiActions.Error(session, request,
                "PJSIPNotify requires an endpoint name, a SIP URI, or a channel.  Please specify one of Endpoint, URI, or Channel.");
            return;
        }

        var phone = string.IsNullOrEmpty(endpoint)
            ? exchange.FindChannel(channel!) is { } leg ? exchange.FindPhone(leg.Device) : null
            : exchange.FindPhone("PJSIP/" + endpoint);
        if (phone is null)
        {
            AmiActions.Error(session, request, string.IsNullOrEmpty(endpoint) ? $"Unable to find channel {channel}" : $"Unable to retrieve endpoint {endpoint}");
            return;
        }

        AmiActions.Error(session, request, "NOTIFY sent", "Success");
        foreach (var variable in request.All("Variable").SelectMany(v => v.Split(',')))
        {
            if (variable.Trim().Equals("Event=talk", StringComparison.OrdinalIgnoreCase))
            {
                _ = phone.Answer() || phone.Hold(on: false);
            }
            else if (variable.Trim().Equals("Event=hold", StringComparison.OrdinalIgnoreCase))
            {
                phone.ToggleHold();
            }
        }
    }

    /// <summary>A global variable, or one of a channel.</summary>
    public void Setvar(AmiSession session, AmiRequest request)
    {
        if (request["Variable"] is not { Length: > 0 } variable)
        {
            AmiActions.Error(session, request, "No variable specified");
            return;
        }

        if (string.IsNullOrEmpty(request["Channel"]))
        {
            exchange.Globals[variable] = request["Value"] ?? "";
        }
        else if (exchange.FindChannel(request["Channel"]!) is { } channel)
        {
            exchange.SetVariable(channel, variable, request["Value"] ?? "");
        }
        else
        {
            AmiActions.Error(session, request, "No such channel");
            return;
        }

        session.Send(AmiActions.Reply(request, "Success").Line("Message", "Variable Set"));
    }

    public void Getvar(AmiSession session, AmiRequest request)
    {
        if (string.IsNullOrEmpty(request["Variable"]))
        {
            AmiActions.Error(session, request, "No variable specified");
            return;
        }

        var channel = request["Channel"] is { Length: > 0 } name ? exchange.FindChannel(name) : null;
        if (channel is null && !string.IsNullOrEmpty(request["Channel"]))
        {
            AmiActions.Error(session, request, "No such channel");
            return;
        }

        session.Send(AmiActions.Reply(request, "Success")
            .Line("Variable", request["Variable"])
            .Line("Value", channel?.Shown(request["Variable"]!)));
    }

    public async Task OriginateAsync(AmiSession session, AmiRequest request)
    {
        var (device, number) = (request["Channel"] ?? "", request["Exten"] ?? "");
        var error = device.Length == 0 ? "Channel not specified"
            : !device.Contains('/', StringComparison.Ordinal) ? "Invalid channel"
            : request["Application"] == "Wait" ? null
            : number.Length == 0 || !(request["Context"] is { } context && (context == SnippetContexts.Listen || exchange.Options.OutboundContexts.Contains(context))) ? "Extension does not exist."
            : null;
        if (error is not null)
        {
            AmiActions.Error(session, request, error);
            return;
        }

        var call = new OutboundCall(exchange, OriginateRequest.From(request));
        if (request["Async"]?.ToLowerInvariant() is "true" or "yes" or "1" or "on")
        {
            AmiActions.Error(session, request, "Originate successfully queued", "Success");
            exchange.Loop.Spawn(() => call.RunAsync(), "an originated call");
            return;
        }

        var answered = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        exchange.Loop.Spawn(() => call.RunAsync(answered), "an originated call");
        var (message, response) = await answered.Task ? ("Originate successfully queued", "Success") : ("Originate failed", "Error");
        AmiActions.Error(session, request, message, response);
    }
}
