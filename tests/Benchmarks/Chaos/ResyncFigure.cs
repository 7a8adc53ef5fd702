using System.Diagnostics;
using System.Globalization;
using System.Text;
using CallCrm.CallRouter;
using CallCrm.CallRouter.Pbx;
using CallCrm.Engine;
using CallCrm.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace CallCrm.Benchmarks.Chaos;

/// <summary>
/// From the login that follows a cut (its action received, so the earliest moment) until the engine's state is right again, with 500 live
/// calls of which 50 ended and 50 began meanwhile: the router's own AMI client, model and engine, over a real socket.
/// </summary>
sealed class ResyncFigure : IFigure
{
    const int Calls = 500;
    const int Changed = 50;

    public string Name => "resync";

    public string Unit => "s";

    public string Better => "lower";

    public string Goal => "≤ 1";

    public async Task<double[]> RunAsync()
    {
        var first = 0;
        var login = 0L;
        await using var pbx = new AmiTestServer();
        pbx.OnAction = async (session, action) =>
        {
            if (action.Name is "Login")
                login = Stopwatch.GetTimestamp();
            if (action.Name is not ("CoreShowChannels" or "DeviceStateList"))
                return false;
            await session.SendAsync(action.Name == "CoreShowChannels" ? Channels(action, first) : Devices(action, first));
            return true;
        };
        var engine = new EngineInputs();
        using var stop = new CancellationTokenSource();
        var link = new PbxLink(new PbxOptions { Node = "pbx", Host = "127.0.0.1", AmiPort = pbx.Port, User = pbx.User, Secret = pbx.Secret, TrunkEndpoints = ["PJSIP/trunk"] }, TimeProvider.System, NullLogger<PbxLink>.Instance);
        var running = link.RunAsync(engine, fence: null, stop.Token);
        var runs = new List<double>();
        for (var cut = 0; cut < 5; cut++)
        {
            var session = await pbx.NextLoginAsync();
            var right = await engine.RightAsync(first, first + Calls);
            if (cut > 1)
                runs.Add(Stopwatch.GetElapsedTime(login, right).TotalSeconds);
            first += Changed;
            session.Reset();
        }

        await stop.CancelAsync();
        await running;
        return [.. runs];
    }

    /// <summary>Call n: the trunk's channel and that of the agent at extension 1000 + n modulo the agents.</summary>
    static string Channels(AmiTestAction action, int first)
    {
        var list = new StringBuilder($"Response: Success\r\nActionID: {action.ActionId}\r\nEventList: start\r\nMessage: Channels will follow\r\n\r\n");
        for (var n = first; n < first + Calls; n++)
        {
            Channel(list, action, $"PJSIP/trunk-{n:x8}", $"1795.{2 * n}", $"1795.{2 * n}", "+39333" + Text(n), "Dial", n);
            Channel(list, action, $"PJSIP/{Extension(n)}-{n:x8}", $"1795.{(2 * n) + 1}", $"1795.{2 * n}", Extension(n), "AppDial", n);
        }

        return list.Append(CultureInfo.InvariantCulture, $"Event: CoreShowChannelsComplete\r\nActionID: {action.ActionId}\r\nEventList: Complete\r\nListItems: {2 * Calls}\r\n\r\n").ToString();
    }

    static void Channel(StringBuilder list, AmiTestAction action, string name, string id, string linked, string number, string application, int bridge) => list.Append(CultureInfo.InvariantCulture,
        $"Event: CoreShowChannel\r\nActionID: {action.ActionId}\r\nChannel: {name}\r\nChannelState: 6\r\nChannelStateDesc: Up\r\nCallerIDNum: {number}\r\nCallerIDName: <unknown>\r\nContext: callcrm-route\r\nExten: dial\r\nPriority: 30\r\nUniqueid: {id}\r\nLinkedid: {linked}\r\nChanVariable: CALLCRM_CALLID=\r\nApplication: {application}\r\nApplicationData: x\r\nDuration: 00:01:00\r\nBridgeId: bridge-{bridge}\r\n\r\n");

    static string Devices(AmiTestAction action, int first)
    {
        var list = new StringBuilder($"Response: Success\r\nActionID: {action.ActionId}\r\nEventList: start\r\nMessage: Device State Changes will follow\r\n\r\n");
        var busy = Enumerable.Range(first, Calls).Select(Extension).ToHashSet(StringComparer.Ordinal);
        for (var n = 0; n < EngineInputs.Agents; n++)
            list.Append(CultureInfo.InvariantCulture, $"Event: DeviceStateChange\r\nActionID: {action.ActionId}\r\nDevice: PJSIP/{Extension(n)}\r\nState: {(busy.Contains(Extension(n)) ? "INUSE" : "NOT_INUSE")}\r\n\r\n");
        return list.Append(CultureInfo.InvariantCulture, $"Event: DeviceStateListComplete\r\nActionID: {action.ActionId}\r\nEventList: Complete\r\nListItems: {EngineInputs.Agents}\r\n\r\n").ToString();
    }

    static string Extension(int call) => Text(1000 + (call % EngineInputs.Agents));

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Feeds the engine, as DomainSession does, one input at a time.</summary>
    sealed class EngineInputs : IInputs
    {
        public const int Agents = 600;
        readonly CallEngine _engine = new("main");
        readonly Lock _lock = new();
        readonly Guid[] _agents = [.. Enumerable.Range(0, Agents).Select(n => new Guid(n + 1, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0))];
        readonly long _began = Stopwatch.GetTimestamp();
        TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public EngineInputs()
        {
            var queue = new QueueSettings(Guid.CreateVersion7(), "q", TimeSpan.FromSeconds(20), TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromMinutes(5), new Overflow(AfterWait.Reject, ""), new Overflow(AfterWait.Reject, ""),
                new Overflow(AfterWait.Reject, ""), null, TimeSpan.FromDays(90), TimeSpan.FromSeconds(20), true, [.. _agents.Select(a => new QueueAgent(a, 1))]);
            Handle(new EngineInput.SettingsChanged(new EngineSettings(1, "main", [queue], [.. _agents.Select(a => new AgentSettings(a, "a", NeedsPage: false))],
                [.. Enumerable.Range(0, Agents).Select(n => new ExtensionSettings("pbx", Extension(n), [new DeviceSettings($"PJSIP/{Extension(n)}", true, true)]))], [],
                [new PbxSettings("pbx", ["PJSIP/trunk"], null)], new EngineOptions())));
            for (var n = 0; n < Agents; n++)
            {
                Handle(new EngineInput.Command(Guid.CreateVersion7(), _agents[n], new AgentCommand.SignIn("pbx", Extension(n))));
                Handle(new EngineInput.Command(Guid.CreateVersion7(), _agents[n], new AgentCommand.Ready()));
            }
        }

        public ValueTask PutAsync(EngineInput input, CancellationToken cancel)
        {
            Handle(input);
            return ValueTask.CompletedTask;
        }

        public ValueTask PutAsync(EngineInput input, Action safe, CancellationToken cancel)
        {
            Handle(input);
            safe();
            return ValueTask.CompletedTask;
        }

        /// <summary>When exactly these calls are open and exactly their agents talk.</summary>
        public async Task<long> RightAsync(int from, int to)
        {
            var talking = Enumerable.Range(from, to - from).Select(n => _agents[n % Agents]).ToHashSet();
            for (var patience = Task.Delay(TimeSpan.FromSeconds(30)); ;)
            {
                Task changed;
                lock (_lock)
                {
                    changed = _changed.Task;
                    if (IsRight(talking))
                        return Stopwatch.GetTimestamp();
                }

                if (await Task.WhenAny(changed, patience) == patience)
                    throw new TimeoutException("The state was not right within 30 s.");
            }
        }

        bool IsRight(HashSet<Guid> talking)
        {
            var view = _engine.Snapshot();
            if (!view.Pbxs.Any(p => p.InSync) || view.OpenCalls != talking.Count || _engine.CheckInvariants().Count > 0)
                return false;
            foreach (var agent in view.Agents)
            {
                if ((agent.State == AgentState.Talking) != talking.Contains(agent.Agent))
                    return false;
            }

            return true;
        }

        void Handle(EngineInput input)
        {
            lock (_lock)
            {
                _engine.Handle(new Moment(Stopwatch.GetElapsedTime(_began), TimeProvider.System.GetUtcNow()), input);
                _changed.TrySetResult();
                _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}
