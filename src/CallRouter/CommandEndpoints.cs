using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using CallCrm.CallFlow;
using CallCrm.CallRouter.Pbx;
using CallCrm.Engine;
using Microsoft.Extensions.Options;

namespace CallCrm.CallRouter;

/// <summary>The router's end of the internal road. Only who knows the shared secret may call; CrmApi has checked the person's rights.</summary>
static partial class CommandEndpoints
{
    static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(2);

    public static void MapCommandEndpoints(this IEndpointRouteBuilder routes)
    {
        var internals = routes.MapGroup("/internal").AllowAnonymous().ExcludeFromDescription().AddEndpointFilter(RequireKeyAsync);
        internals.MapPost("/commands", CommandAsync);
        internals.MapPost("/pops/{offer:guid}/seen", (Guid offer, PopGate pops) =>
        {
            pops.Seen(offer);
            return Results.NoContent();
        });
        internals.MapPost("/pages", PagesAsync);
        internals.MapPost("/seats", SeatsAsync);
        internals.MapPost("/pbx/{node}", PbxAsync);
        internals.MapPost("/phone-test", TestPhoneAsync);
    }

    static async ValueTask<object?> RequireKeyAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var options = context.HttpContext.RequestServices.GetRequiredService<IOptions<RouterOptions>>().Value;
        var given = context.HttpContext.Request.Headers[RouterRoadOptions.KeyHeader].ToString();
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(options.InternalKey))
            ? await next(context)
            : Results.StatusCode(StatusCodes.Status403Forbidden);
    }

    static async Task<IResult> CommandAsync(
        RoadCommandRequest request, RouterSeat seat, Replies<Guid, RoadAnswer> replies, TimeProvider time, CancellationToken cancel)
    {
        if (seat.Current is not { } session)
            return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
        if (ToCommand(request.Command) is not { } command)
            return Results.Json(new RoadAnswer(false, "not_understood"), RoadJson.Default.RoadAnswer);
        var reply = replies.Expect(request.Id);
        try
        {
            await session.PutAsync(new EngineInput.Command(request.Id, request.Agent, command, request.By), cancel);
            return Results.Json(await reply.WaitAsync(AnswerWithin, time, cancel), RoadJson.Default.RoadAnswer);
        }
        catch (Exception e) when (e is TimeoutException or TaskCanceledException && !cancel.IsCancellationRequested)
        {
            replies.Forget(request.Id);
            return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
        }
    }

    static async Task<IResult> PbxAsync(string node, RouterSeat seat, PbxLinks links, CancellationToken cancel)
    {
        if (seat.Current is null)
            return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
        return Results.Json(links.Find(node) is { } link ? await link.InventoryAsync(cancel) : PbxInventory.Trouble("unknown_pbx"), RoadJson.Default.RoadPbx);
    }

    static async Task<IResult> PagesAsync(PagesReport report, RouterSeat seat, CancellationToken cancel)
    {
        if (seat.Current is not { } session)
            return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
        await session.PutAsync(new EngineInput.PagesReported(report.Reporter, [.. report.Agents]), cancel);
        return Results.NoContent();
    }

    static async Task<IResult> SeatsAsync(RouterSeat seat, TimeProvider time, CancellationToken cancel)
    {
        if (seat.Current is not { } session)
            return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
        try
        {
            var seats = await session.LookAsync(engine => engine.Seats(), cancel).WaitAsync(AnswerWithin, time, cancel);
            return Results.Json(new RoadSeats([.. seats.Select(s => new RoadSeat(s.Node, s.Number, s.Holder, s.HolderState?.ToString(), s.InCall, s.HasPage, s.Registered, s.Asker, [.. s.Phones.Select(d => new RoadSeatPhone(d.Device, d.Registered))]))]), RoadJson.Default.RoadSeats);
        }
        catch (Exception e) when (e is TimeoutException or TaskCanceledException && !cancel.IsCancellationRequested)
        {
            return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
        }
    }

    /// <summary>The phone of who sits there and has no call, real or coming.</summary>
    static async Task<IResult> TestPhoneAsync(RoadPhoneTestAsk ask, RouterSeat seat, PbxLinks links, IHostApplicationLifetime host, TimeProvider time, CancellationToken cancel)
    {
        if (seat.Current is not { } session)
            return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
        if (links.Find(ask.Node) is not { } link || !Device().IsMatch(ask.Device))
            return Answer(RoadPhoneTest.Refused("phone_not_testable", ask.Device));
        if (ask.Start)
        {
            var places = await session.LookAsync(engine => engine.Seats(), cancel).WaitAsync(AnswerWithin, time, cancel);
            var place = places.FirstOrDefault(s => s.Node == ask.Node && s.Number == ask.Extension);
            if (place.Holder != ask.Agent)
                return Answer(RoadPhoneTest.Refused("not_your_extension", ask.Device));
            if (!place.Phones.Any(d => d.Device == ask.Device))
                return Answer(RoadPhoneTest.Refused("phone_not_testable", ask.Device));
            if (place.InCall || place.HolderState is AgentState.Reserved or AgentState.Ringing or AgentState.Talking)
                return Answer(RoadPhoneTest.Refused("in_call", ask.Device));
        }

        return Answer(link.TestPhone(ask.Device, ask.Start, host.ApplicationStopping));

        static IResult Answer(RoadPhoneTest test) => Results.Json(test, RoadJson.Default.RoadPhoneTest);
    }

    /// <summary>Other technologies know neither NOTIFY nor a header; chan_sip (up to Asterisk 20) a header alone.</summary>
    [GeneratedRegex("^(?:PJSIP|SIP)/[A-Za-z0-9_.-]{1,64}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Device();

    /// <returns>Null when a field that the kind needs is missing.</returns>
    internal static AgentCommand? ToCommand(RoadCommand c) => c switch
    {
        { Kind: "sign_in", Node: { Length: > 0 } node, Extension: { Length: > 0 } extension } => new AgentCommand.SignIn(node, extension),
        { Kind: "take_over", Node: { Length: > 0 } node, Extension: { Length: > 0 } extension, AgentId: { } holder } => new AgentCommand.TakeOver(node, extension, holder),
        { Kind: "seat_allow", AskId: { } ask } => new AgentCommand.AnswerSeat(ask, Allows: true),
        { Kind: "seat_refuse", AskId: { } ask } => new AgentCommand.AnswerSeat(ask, Allows: false),
        { Kind: "seat_withdraw", AskId: { } ask } => new AgentCommand.WithdrawSeat(ask),
        { Kind: "sign_out" } => new AgentCommand.SignOut(),
        { Kind: "sign_out_after" } => new AgentCommand.SignOutAfter(),
        { Kind: "keep_on" } => new AgentCommand.KeepOn(),
        { Kind: "ready" } => new AgentCommand.Ready(c.Anyway),
        { Kind: "pause" } => new AgentCommand.Pause(c.Reason ?? ""),
        { Kind: "answer", CallId: { } call } => new AgentCommand.Answer(call),
        { Kind: "hang_up", CallId: { } call } => new AgentCommand.HangUp(call),
        { Kind: "turn_away", CallId: { } call } => new AgentCommand.TurnAway(call),
        { Kind: "hold", CallId: { } call } => new AgentCommand.Hold(call),
        { Kind: "resume", CallId: { } call } => new AgentCommand.Resume(call),
        { Kind: "finish_wrap_up", CallId: { } call } => new AgentCommand.FinishWrapUp(call),
        { Kind: "extend_wrap_up", CallId: { } call } => new AgentCommand.ExtendWrapUp(call),
        { Kind: "attach_client", CallId: { } call, ClientId: { } client } => new AgentCommand.AttachClient(call, client),
        { Kind: "transfer", CallId: { } call } when ToTarget(c) is { } target => new AgentCommand.Transfer(call, target),
        { Kind: "consult", CallId: { } call } when ToTarget(c) is { } target => new AgentCommand.Consult(call, target),
        { Kind: "swap", CallId: { } call } => new AgentCommand.Swap(call),
        { Kind: "join", CallId: { } call } => new AgentCommand.Join(call),
        { Kind: "cancel_transfer", CallId: { } call } => new AgentCommand.CancelTransfer(call),
        { Kind: "complete_transfer", CallId: { } call } => new AgentCommand.CompleteTransfer(call),
        { Kind: "end_call", CallId: { } call } => new AgentCommand.EndCall(call),
        { Kind: "listen", CallId: { } call } => new AgentCommand.Listen(call, c.Node, c.Extension),
        { Kind: "stop_listening", CallId: { } call } => new AgentCommand.StopListening(call),
        { Kind: "dial", Number: { Length: > 0 and <= 80 } number } => new AgentCommand.Dial(ToNumber(number, c.E164), c.ClientId, c.Campaign),
        _ => null,
    };

    /// <returns>Null unless exactly one is named.</returns>
    static TransferTarget? ToTarget(RoadCommand c) => (c.ToAgent, c.ToQueue, c.Number) switch
    {
        ({ } agent, null, null) => new TransferTarget(Agent: agent),
        (null, { } queue, null) => new TransferTarget(Queue: queue),
        (null, null, { Length: > 0 and <= 80 } number) => new TransferTarget(Number: ToNumber(number, c.E164)),
        _ => null,
    };

    /// <summary>It goes into a dial string: what is no E.164 number by its form is none.</summary>
    static PhoneNumber ToNumber(string raw, string? e164) =>
        e164 is not null && E164().IsMatch(e164) ? new PhoneNumber(raw, NumberKind.E164, e164) : new PhoneNumber(raw, NumberKind.Unparsed);

    [GeneratedRegex("^[+][1-9][0-9]{4,14}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex E164();
}
