using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Serialization;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CallFlow;

/// <summary>A command of an agent on its way to the router that holds the domain.</summary>
/// <param name="Kind">sign_in, take_over, seat_allow, seat_refuse, seat_withdraw, sign_out, sign_out_after, keep_on, ready, pause, answer, hang_up, turn_away, hold, resume, finish_wrap_up, extend_wrap_up, attach_client, dial, transfer, consult, swap, join, cancel_transfer, complete_transfer; by a supervisor also listen, stop_listening, end_call.</param>
/// <param name="Number">To dial, or to transfer to: as typed. An own extension is known by it.</param>
/// <param name="E164">What it means; null: no number of the outside.</param>
/// <param name="AgentId">take_over: who was seen at the extension.</param>
/// <param name="AskId">Of a seat's question.</param>
/// <param name="Anyway">ready: also at a phone that is not registered, where the site allows it.</param>
/// <param name="Campaign">dial: which it is made for. That it runs is known before it is sent.</param>
public sealed record RoadCommand(string Kind, Guid? CallId = null, string? Node = null, string? Extension = null, string? Reason = null, Guid? ClientId = null,
    string? Number = null, string? E164 = null, Guid? ToAgent = null, Guid? ToQueue = null, Guid? AgentId = null, Guid? AskId = null,
    bool Anyway = false, string? Campaign = null);

/// <param name="By">The supervisor who asks in the agent's place; null: the agent.</param>
public sealed record RoadCommandRequest(Guid Id, Guid Agent, RoadCommand Command, Guid? By = null);

/// <param name="Reason">Stable code of a refusal.</param>
/// <param name="Other">The agent who stands in the way.</param>
public sealed record RoadAnswer(bool Accepted, string? Reason, Guid? Other = null);

/// <summary>The extensions of the domain, as the router sees them now.</summary>
public sealed record RoadSeats(IReadOnlyList<RoadSeat> Items);

/// <param name="HolderState">AgentState name.</param>
/// <param name="InCall">Of the holder: the extension cannot be had now.</param>
/// <param name="HasPage">The holder can be asked; else the place is given at once.</param>
/// <param name="Registered">Null: nobody knows now.</param>
/// <param name="Asker">Who asks for it already.</param>
/// <param name="Phones">Its devices, in their order.</param>
public sealed record RoadSeat(string Node, string Number, Guid? Holder, string? HolderState, bool InCall, bool HasPage, bool? Registered, Guid? Asker, IReadOnlyList<RoadSeatPhone>? Phones = null);

/// <param name="Registered">Null: nobody knows now.</param>
public sealed record RoadSeatPhone(string Device, bool? Registered);

/// <param name="Reporter">Name of the reporting process, new at each start.</param>
public sealed record PagesReport(string Reporter, IReadOnlyList<Guid> Agents);

/// <summary>What a PBX has set up, as it tells the router by AMI.</summary>
/// <param name="Trouble">Why it could not be read: unknown_pbx, pbx_away; null: it was.</param>
/// <param name="Source">The action that told of the phones: PJSIPShowEndpoints, SIPpeers, or DeviceStateList, which tells least.</param>
/// <param name="Notifies">Our login may send phones SIP NOTIFY (write class system).</param>
public sealed record RoadPbx(string? Trouble, string Source, bool Notifies, IReadOnlyList<RoadPhone> Phones, IReadOnlyList<RoadQueue> Queues);

/// <param name="Device">As it is dialled: PJSIP/101.</param>
/// <param name="Number">The extension that rings it; empty when the PBX tells of none.</param>
/// <param name="IsTrunk">The outside world is behind it.</param>
public sealed record RoadPhone(string Device, string Number, string State, bool IsTrunk);

public sealed record RoadQueue(string Name, string Strategy, IReadOnlyList<RoadQueueMember> Members);

/// <param name="Extension">Empty when its interface names none.</param>
public sealed record RoadQueueMember(string Interface, string Name, string Extension, int Penalty);

/// <param name="Start">Else what came of it is asked.</param>
public sealed record RoadPhoneTestAsk(string Node, string Extension, string Device, Guid Agent, bool Start);

/// <summary>What was found out of a phone so far.</summary>
/// <param name="Step">none, ringing, button, itself, hold, done; refused, with the reason.</param>
/// <param name="Notifies">Our login may send phones SIP NOTIFY; else hold, and the answer by it, were not tried.</param>
/// <param name="Answers">button (NOTIFY), itself (on the headers that ask for it), no; at_once (before it was asked), refused. Null: not known (yet).</param>
/// <param name="Hold">By NOTIFY, and back. Null: not tried.</param>
public sealed record RoadPhoneTest(string Step, string Device, bool Notifies, bool Rang = false, string? Answers = null, bool? Hold = null, string? Refusal = null)
{
    public static RoadPhoneTest Refused(string why, string device) => new("refused", device, Notifies: false, Refusal: why);
}

/// <summary>JSON of the internal road, the same on both ends.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(RoadCommandRequest))]
[JsonSerializable(typeof(RoadAnswer))]
[JsonSerializable(typeof(PagesReport))]
[JsonSerializable(typeof(RoadSeats))]
[JsonSerializable(typeof(RoadPbx))]
[JsonSerializable(typeof(RoadPhoneTestAsk))]
[JsonSerializable(typeof(RoadPhoneTest))]
public sealed partial class RoadJson : JsonSerializerContext;

/// <summary>No router holds the domain, or it does not answer: nothing was queued, the caller tries again.</summary>
public sealed class RouterAwayException(string detail, Exception? inner = null) : Exception(detail, inner);

/// <summary>Options of the internal road, section <c>Router</c>.</summary>
public sealed class RouterRoadOptions
{
    public const string Section = "Router";
    public const string KeyHeader = "X-CallCrm-Key";

    /// <summary>The routing domain this process serves. Default "main".</summary>
    public string Domain { get; set; } = "main";

    /// <summary>Shared secret of CrmApi and router, at least 16 characters; made at start in the all-in-one host.</summary>
    public string InternalKey { get; set; } = "";
}

/// <summary>
/// The one road for commands: HTTP to the router that holds the domain. Its address stands in the domain's row and is
/// read again when a call fails, so that a standby that took over is found.
/// </summary>
public sealed class RouterRoad(IHttpClientFactory clients, NpgsqlDataSource database, IOptions<RouterRoadOptions> options)
{
    public const string HttpClientName = "router-road";

    readonly string _domain = options.Value.Domain;
    Uri? _address;

    /// <exception cref="RouterAwayException">No router answered within 2 s.</exception>
    /// <param name="by">The supervisor who asks in the agent's place.</param>
    public async Task<RoadAnswer> CommandAsync(Guid id, Guid agent, RoadCommand command, CancellationToken cancel, Guid? by = null)
    {
        using var response = await PostAsync("internal/commands",
            () => JsonContent.Create(new RoadCommandRequest(id, agent, command, by), RoadJson.Default.RoadCommandRequest), cancel);
        return await response.Content.ReadFromJsonAsync(RoadJson.Default.RoadAnswer, cancel)
            ?? throw new RouterAwayException("The router answered without a body.");
    }

    /// <summary>The pop of this offer is painted. Best effort: the router does not wait for it longer than PopLead.</summary>
    public async Task PopSeenAsync(Guid offerId, CancellationToken cancel) =>
        (await PostAsync($"internal/pops/{offerId}/seen", () => null, cancel)).Dispose();

    /// <summary>Which agents have a page here; at each change and at least every 10 s.</summary>
    public async Task ReportPagesAsync(string reporter, IReadOnlyCollection<Guid> agents, CancellationToken cancel) =>
        (await PostAsync("internal/pages", () => JsonContent.Create(new PagesReport(reporter, [.. agents]), RoadJson.Default.PagesReport), cancel)).Dispose();

    /// <summary>Who sits where, and which phones are registered.</summary>
    /// <exception cref="RouterAwayException">No router answered within 2 s.</exception>
    public async Task<RoadSeats> SeatsAsync(CancellationToken cancel)
    {
        using var response = await PostAsync("internal/seats", () => null, cancel);
        return await response.Content.ReadFromJsonAsync(RoadJson.Default.RoadSeats, cancel) ?? throw new RouterAwayException("The router answered without a body.");
    }

    /// <summary>What this PBX has set up: the router has its AMI.</summary>
    /// <exception cref="RouterAwayException">No router answered within 2 s.</exception>
    public async Task<RoadPbx> PbxAsync(string node, CancellationToken cancel)
    {
        using var response = await PostAsync($"internal/pbx/{Uri.EscapeDataString(node)}", () => null, cancel);
        return await response.Content.ReadFromJsonAsync(RoadJson.Default.RoadPbx, cancel) ?? throw new RouterAwayException("The router answered without a body.");
    }

    /// <summary>Tries a phone, which takes up to half a minute: begun, then looked at.</summary>
    /// <exception cref="RouterAwayException">No router answered within 2 s.</exception>
    public async Task<RoadPhoneTest> TestPhoneAsync(RoadPhoneTestAsk ask, CancellationToken cancel)
    {
        using var response = await PostAsync("internal/phone-test", () => JsonContent.Create(ask, RoadJson.Default.RoadPhoneTestAsk), cancel);
        return await response.Content.ReadFromJsonAsync(RoadJson.Default.RoadPhoneTest, cancel) ?? throw new RouterAwayException("The router answered without a body.");
    }

    async Task<HttpResponseMessage> PostAsync(string path, Func<HttpContent?> content, CancellationToken cancel)
    {
        for (var attempt = 0; ; attempt++)
        {
            var address = _address ??= await FindAsync(cancel);
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, path)) { Content = content() };
                request.Headers.Add(RouterRoadOptions.KeyHeader, options.Value.InternalKey);
                var response = await clients.CreateClient(HttpClientName).SendAsync(request, cancel);
                if (response.IsSuccessStatusCode)
                    return response;
                var status = response.StatusCode;
                response.Dispose();
                _address = null;
                if (status != HttpStatusCode.ServiceUnavailable || attempt > 0)
                    throw new RouterAwayException($"The router answered {(int)status} to {path}.");
            }
            catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
            {
                _address = null;
                if (attempt > 0)
                    throw new RouterAwayException("The router does not answer.", e);
            }
        }
    }

    async Task<Uri> FindAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var address = await connection.ExecuteScalarAsync<string?>(new CommandDefinition(
            "select command_address from domain where name = @domain", new { domain = _domain }, cancellationToken: cancel));
        return address is { Length: > 0 } ? new Uri(address) : throw new RouterAwayException($"No router holds domain '{_domain}'.");
    }
}
