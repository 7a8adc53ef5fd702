using System.Collections.Concurrent;
using System.Globalization;
using CallCrm.CallFlow;
using CallCrm.CallRouter.Pbx;
using CallCrm.Telephony.Ami;

namespace CallCrm.CallRouter.Doctor;

/// <summary>One PBX by a login of its own, beside the router's: what the router needs of it, each thing tried.</summary>
sealed class PbxDoctor(PbxOptions pbx, TimeProvider time)
{
    static readonly TimeSpan LoginWithin = TimeSpan.FromSeconds(5);

    /// <summary>The dialplan gives the AGI 2 s.</summary>
    static readonly TimeSpan CheckWithin = TimeSpan.FromSeconds(3);

    /// <summary>Durations come from one clock each, but a page shows the PBX's times beside the host's.</summary>
    static readonly TimeSpan MostOffset = TimeSpan.FromSeconds(2);

    static readonly (string Action, string Right, string For)[] Rights =
    [
        ("Redirect", "call", "waiting callers cannot be given to an agent"),
        ("Originate", "originate", "nothing can be dialled from the page"),
        ("CoreShowChannels", "reporting", "the calls there are cannot be read after a login"),
    ];

    /// <summary>Read classes whose events come in calls alone.</summary>
    static readonly string[] ReadInCalls = ["agent", "cdr", "dtmf", "reporting"];

    static readonly (string Context, string Without)[] Contexts =
    [
        ("callcrm-in", "no call can come in"),
        ("callcrm-route", "no call can be routed"),
        ("callcrm-agents", "agents cannot transfer"),
        ("callcrm-out", "nothing can be dialled from the page"),
        ("callcrm-outbound", "numbers clicked on the page reach nobody; write this context, deploy/asterisk/README.md has an example"),
        ("callcrm-fallback", "callers hear an apology when CallCrm does not answer; write this context, deploy/asterisk/README.md has examples"),
        ("callcrm-record", "no call is recorded, the snippet is an old one"),
        ("callcrm-consult", "agents cannot speak with a colleague before they hand a client on, the snippet is an old one"),
        ("callcrm-message", "callers cannot leave a message, the snippet is an old one"),
        ("callcrm-listen", "supervisors cannot listen to live calls, the snippet is an old one"),
        (AgiCheck.Context, "whether the PBX reaches CallCrm cannot be tried, the snippet is an old one"),
    ];

    readonly ConcurrentQueue<Finding> _found = new();
    readonly ConcurrentQueue<AmiEvent> _events = new();
    readonly string _area = $"pbx {pbx.Node}";

    /// <param name="settings">Of this node; null when they could not be read.</param>
    public async Task<IReadOnlyCollection<Finding>> RunAsync(Task<DoctorSettings?> settings, CancellationToken cancel)
    {
        CheckFolders();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var client = new AmiClient(Options(), time);
        var told = new TaskCompletionSource<AmiStatus>(TaskCreationOptions.RunContinuationsAsynchronously);
        client.StatusChanged = status =>
        {
            if (status.State is AmiState.LoggedIn or AmiState.Lost or AmiState.LoginRefused)
                told.TrySetResult(status);
        };
        var running = client.RunAsync(stop.Token);
        var reading = ReadAsync(client);
        try
        {
            var status = await told.Task.WaitAsync(LoginWithin, time, cancel);
            if (status.Session is { } session)
                await ExamineAsync(client, session, settings, cancel);
            else
                Fault("ami", NoLogin(status));
        }
        catch (TimeoutException)
        {
            Fault("ami", $"The AMI of {pbx.Host}:{pbx.AmiPort} does not finish the login in {LoginWithin.TotalSeconds:F0} s: look whether Asterisk hangs (asterisk -rx \"core show uptime\").");
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            Fault("ami", $"The PBX at {pbx.Host}:{pbx.AmiPort} answers too slowly, not all was looked at: look at its load.");
        }
        finally
        {
            await stop.CancelAsync();
            await running;
            await reading;
        }

        return _found;
    }

    AmiClientOptions Options() => new()
    {
        Node = pbx.Node,
        Host = pbx.Host,
        Port = pbx.AmiPort,
        User = pbx.User,
        Secret = pbx.Secret,
        Tls = pbx.Tls,
        TlsFingerprint = pbx.TlsThumbprint ?? "",
        Events = new AmiEventFilter().Want("Newchannel", "UserEvent").WantVariable("DIALSTATUS"),
        ConnectTimeout = TimeSpan.FromSeconds(3),
        ActionDeadline = TimeSpan.FromSeconds(2),
        BootWait = TimeSpan.FromSeconds(1),
    };

    async Task ReadAsync(AmiClient client)
    {
        await foreach (var signal in client.Signals.ReadAllAsync(CancellationToken.None))
        {
            if (signal is AmiEvent e && (AgiCheck.IsChannel(e["Channel"]) || e["UserEvent"] == "CallCrmCheck"))
                _events.Enqueue(e);
        }
    }

    string NoLogin(AmiStatus status) => status.Reason switch
    {
        AmiLostReason.LoginRefused => $"The AMI refuses user '{pbx.User}' ({status.Detail}): make name and secret of manager.conf and Pbx User/Secret the same, and let its \"permit\" hold this machine's address.",
        AmiLostReason.TlsFailed => $"TLS with {pbx.Host}:{pbx.AmiPort} cannot be agreed ({status.Detail}): trust the certificate, or name it in Pbx TlsThumbprint.",
        AmiLostReason.NotAmi => $"What answers on {pbx.Host}:{pbx.AmiPort} is no AMI: set Pbx AmiPort to the port of manager.conf (5038, with TLS 5039 and Pbx Tls true).",
        AmiLostReason.ConnectFailed => $"The AMI on {pbx.Host}:{pbx.AmiPort} cannot be reached ({status.Detail}): start Asterisk, set enabled = yes and bindaddr in manager.conf, open the firewall.",
        _ => $"The AMI on {pbx.Host}:{pbx.AmiPort} ended the connection ({status.Reason}: {status.Detail}): look into Asterisk's log.",
    };

    async Task ExamineAsync(AmiClient client, AmiConnected session, Task<DoctorSettings?> settings, CancellationToken cancel)
    {
        Fine("ami", $"AMI login as '{pbx.User}' accepted, Asterisk {session.AsteriskVersion}.");
        CheckName(session);
        if (session.FullyBooted)
            Fine("right.read.system", "Read class system is there.");
        else
            Fault("right.read.system", $"Either Asterisk still boots, or user '{pbx.User}' lacks the read class \"system\", and its restarts are not seen: add it to read in manager.conf.");
        var commands = await client.SendAsync(new AmiAction("ListCommands"), cancel);
        await Task.WhenAll(
            CheckWriteRightsAsync(commands, settings),
            CheckUserAsync(client, commands, cancel),
            CheckClockAsync(client, cancel),
            CheckDialplanAsync(client, cancel),
            CheckDevicesAsync(client, settings, cancel),
            CheckWayOutAsync(client, settings, cancel),
            CheckMailboxesAsync(client, cancel));
    }

    void CheckName(AmiConnected session)
    {
        if (session.SystemName == pbx.Node)
            Fine("systemname", $"systemname is '{pbx.Node}'.");
        else if (session.SystemName.Length > 0)
            Fault("systemname", $"The PBX calls itself '{session.SystemName}', here it is '{pbx.Node}', so recordings are not found: set Pbx Node or systemname in asterisk.conf (restart Asterisk then).");
        else
            Fault("systemname", $"The PBX has no name, so its unique ids are not unique among several PBXs: set systemname = {pbx.Node} in asterisk.conf and restart Asterisk.");
    }

    async Task CheckWriteRightsAsync(AmiResponse commands, Task<DoctorSettings?> settings)
    {
        if (!commands.IsSuccess)
        {
            Untold("right.write", $"The PBX does not list the actions this login may use ({commands.Message}).");
            return;
        }

        foreach (var (action, right, without) in Rights)
        {
            if (commands[action] is not null)
                Fine($"right.write.{right}", $"Write class {right} is there.");
            else
                Fault($"right.write.{right}", $"User '{pbx.User}' may not use {action}, {without}: add \"{right}\" to write in manager.conf.");
        }

        if (commands.Headers.Any(h => h.Value.Contains("Priv: agent,", StringComparison.OrdinalIgnoreCase)))
            Fine("right.write.agent", "Write class agent is there.");
        else
            Untold("right.write.agent", $"The PBX offers user '{pbx.User}' no action of the write class agent: it lacks that class, or app_queue is not loaded. CallCrm can do without.");
        if (commands["UserEvent"] is not null)
            Fine("right.write.user", "Write class user is there.");
        else
            Untold("right.write.user", $"User '{pbx.User}' may not use UserEvent: two routers of a domain of which one does not reach the database would both act. Should you have two, add \"user\" to write in manager.conf.");
        if (commands["Command"] is not null)
            Fault("right.write.command", $"User '{pbx.User}' may run any command of the PBX, which CallCrm never does: take \"command\" out of write in manager.conf.");
        if ((await settings)?.Devices.FirstOrDefault(d => d.Remote) is { } remote && commands["PJSIPNotify"] is null)
            Fault("right.write.system", $"{remote.Name} is to be answered or held from the page, but user '{pbx.User}' may not use PJSIPNotify: add \"system\" to write in manager.conf, or switch that off for the device.");
    }

    /// <summary>manager.conf can be read by a login with the write class config only, which ours has no need for.</summary>
    async Task CheckUserAsync(AmiClient client, AmiResponse commands, CancellationToken cancel)
    {
        if (commands["GetConfig"] is null)
        {
            Untold("writetimeout", "writetimeout cannot be told over AMI by a login without the write class config; it must be 5000 (the default, 100, cuts the line at the first pause).");
            Untold("right.read", $"Whether user '{pbx.User}' has the read classes {string.Join(", ", ReadInCalls)} cannot be told without a call, or the write class config: compare read with deploy/asterisk/manager-callcrm.conf.");
            return;
        }

        var file = await client.SendAsync(new AmiAction("GetConfig") { { "Filename", "manager.conf" }, { "Category", pbx.User } }, cancel);
        if (!file.IsSuccess)
        {
            Untold("writetimeout", $"writetimeout cannot be told ({file.Message}).");
            Untold("right.read", $"Whether user '{pbx.User}' has the read classes {string.Join(", ", ReadInCalls)} cannot be told ({file.Message}).");
            return;
        }

        var line = Line(file, "writetimeout=");
        if (line is not null && int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds >= 1000)
            Fine("writetimeout", $"writetimeout is {milliseconds} ms.");
        else
            Fault("writetimeout", $"writetimeout of user '{pbx.User}' is {(line is null ? "the default, 100 ms" : line + " ms")}, which cuts the line at a short pause: set writetimeout = 5000 in manager.conf.");
        CheckQuietClasses((Line(file, "read=") ?? "").Split(',', StringSplitOptions.TrimEntries));
    }

    static string? Line(AmiResponse file, string key) =>
        file.Headers.Select(h => h.Value).LastOrDefault(v => v.StartsWith(key, StringComparison.OrdinalIgnoreCase))?[key.Length..].Trim();

    /// <summary>Those whose events the check's own channel does not make.</summary>
    void CheckQuietClasses(string[] read)
    {
        foreach (var right in ReadInCalls)
        {
            if (read.Contains("all", StringComparer.OrdinalIgnoreCase) || read.Contains(right, StringComparer.OrdinalIgnoreCase))
                Fine($"right.read.{right}", $"Read class {right} is there.");
            else
                Untold($"right.read.{right}", $"User '{pbx.User}' lacks the read class \"{right}\"{(right == "agent" ? ", so who waits in the PBX's own queues is not seen" : "")}: add it to read in manager.conf.");
        }
    }

    async Task CheckClockAsync(AmiClient client, CancellationToken cancel)
    {
        var sent = time.GetUtcNow();
        var pong = await client.SendAsync(new AmiAction("Ping"), cancel);
        if (AmiText.ParseTimestamp(pong["Timestamp"]) is not { } there)
        {
            Untold("clock", $"The PBX does not tell its time ({pong.Message}).");
            return;
        }

        var offset = there - (sent + (time.GetUtcNow() - sent) / 2);
        var seconds = offset.TotalSeconds.ToString("F1", CultureInfo.InvariantCulture);
        if (offset.Duration() <= MostOffset)
            Fine("clock", $"The PBX's clock is {seconds} s off this machine's.");
        else
            Fault("clock", $"The PBX's clock is {seconds} s off this machine's: let both follow a time server (timedatectl set-ntp true).");
    }

    async Task CheckDialplanAsync(AmiClient client, CancellationToken cancel)
    {
        var shown = await Task.WhenAll(Contexts.Select(c => client.SendListAsync(new AmiAction("ShowDialPlan") { { "Context", c.Context } }, cancel)));
        var there = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < Contexts.Length; i++)
        {
            var (context, without) = Contexts[i];
            if (shown[i].IsSuccess && shown[i].Items.Count > 0)
                there.Add(context);
            else if (shown[i].IsSuccess || shown[i].Response.Message.Contains("Did not find", StringComparison.OrdinalIgnoreCase))
                Fault($"dialplan.{context}", $"The dialplan has no context {context}, {without}: include the current deploy/asterisk/callcrm.conf in extensions.conf and reload the dialplan.");
            else
                Untold($"dialplan.{context}", $"Whether the dialplan has {context} cannot be told ({shown[i].Response.Message}).");
        }

        if (there.Contains("callcrm-route") && !shown[1].Items.Any(i => i["Extension"] == "s" && i["ExtensionLabel"] == "callcrm"))
            Fault("dialplan.label", "The dialplan's callcrm-route has no priority labelled callcrm at s, so held callers cannot be moved: put the unchanged deploy/asterisk/callcrm.conf there and reload the dialplan.");
        else if (there.Count == Contexts.Length)
            Fine("dialplan", "All contexts of the snippet are there.");
        if (there.Contains(AgiCheck.Context))
            await CheckAgiAsync(client, cancel);
        else
            Untold("agi", $"Whether the PBX reaches CallCrm's FastAGI was not tried, for that needs the context {AgiCheck.Context}.");
    }

    /// <summary>A Local channel that asks CallCrm, tells the answer and ends. Its events show the read classes on the way.</summary>
    async Task CheckAgiAsync(AmiClient client, CancellationToken cancel)
    {
        var id = Random.Shared.NextInt64(1_000_000_000, 9_999_999_999).ToString(CultureInfo.InvariantCulture);
        var asked = await client.SendAsync(
            new AmiAction("Originate") { { "Channel", $"Local/{id}@{AgiCheck.Context}" }, { "Application", "Hangup" }, { "Timeout", "4000" }, { "Async", "true" } }, cancel);
        if (!asked.IsSuccess)
        {
            Untold("agi", $"Whether the PBX reaches CallCrm's FastAGI was not tried, the PBX refused the channel for it ({asked.Message}).");
            return;
        }

        AmiEvent? result = null;
        var since = time.GetTimestamp();
        while (time.GetElapsedTime(since) < CheckWithin && (result = _events.FirstOrDefault(e => e.Name == "UserEvent" && e["Id"] == id)) is null)
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancel);
        CheckReadRights(id, result);
        if (result is null)
            Untold("agi", "Whether the PBX reaches CallCrm's FastAGI cannot be told, its answer (UserEvent CallCrmCheck) did not come.");
        else
            CheckAnswer(result);
    }

    void CheckReadRights(string id, AmiEvent? result)
    {
        var channel = _events.FirstOrDefault(e => e.Name == "Newchannel" && e["Channel"]!.StartsWith($"Local/{id}@", StringComparison.Ordinal));
        if (channel is null)
            ReadFault("call", "calls are not seen");
        else if (channel.Timestamp is null)
            Fault("timestampevents", "Events come without their time: set timestampevents = yes in [general] of manager.conf.");
        else
            Fine("right.read.call", "Read class call is there, events carry their time.");
        if (result is null)
            ReadFault("user", "callers on hold are not seen");
        else
            Fine("right.read.user", "Read class user is there.");
        if (_events.Any(e => e.Name == "VarSet"))
            Fine("right.read.dialplan", "Read class dialplan is there, DIALSTATUS comes through.");
        else
            ReadFault("dialplan", "phones that are not registered are not noticed (or an eventfilter drops VarSet DIALSTATUS)");
    }

    void ReadFault(string right, string without) =>
        Fault($"right.read.{right}", $"Events of class \"{right}\" do not come, {without}: add \"{right}\" to read of user '{pbx.User}' in manager.conf.");

    void CheckAnswer(AmiEvent result)
    {
        var url = result["Url"];
        if (result["Snippet"] != AgiCheck.SnippetVersion)
            Fault("dialplan.version", $"The snippet in the dialplan is version {result["Snippet"]}, this CallCrm goes with {AgiCheck.SnippetVersion}: copy deploy/asterisk/callcrm.conf there again and reload the dialplan.");
        else
            Fine("dialplan.version", $"The snippet is version {AgiCheck.SnippetVersion}.");
        if (result["Action"] == AgiCheck.Answer)
            Fine("agi", $"The PBX reaches CallCrm by {url}.");
        else if (result["Agi"] == "SUCCESS")
            Fault("agi", $"From the PBX {url} is reached, but gives no answer: let CALLCRM_AGI name CallCrm's FastAGI (Router AgiPort), and Pbx Host the address the PBX calls from.");
        else
            Fault("agi", $"The PBX does not reach CallCrm by {url} ({(result["Agi"] == "LATE" ? "no answer in 2 s" : result["Agi"])}): set CALLCRM_AGI in [globals] to this machine's address, Router AgiAddress to one the PBX can reach, and open the firewall.");
    }

    async Task CheckDevicesAsync(AmiClient client, Task<DoctorSettings?> settings, CancellationToken cancel)
    {
        if ((await settings)?.Devices is not { } known)
        {
            Untold("devices", "Which extensions the PBX must know cannot be told, the settings were not read.");
            return;
        }

        // A site's 500 phones in one login: a few at a time keep far below the limit of waiting actions.
        var states = new ConcurrentDictionary<string, AmiResponse>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(known, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancel }, async (device, token) =>
            states[device.Name] = await client.SendAsync(new AmiAction("Getvar") { { "Variable", $"DEVICE_STATE({device.Name})" } }, token));
        foreach (var device in known.Where(d => states[d.Name] is { IsSuccess: true } s && s["Value"] == "INVALID"))
            Fault("device", $"Extension {device.Extension}: the PBX knows no {device.Name}; make the endpoint there, or correct the device on the page Settings.");
        if (states.Values.FirstOrDefault(s => !s.IsSuccess) is { } refused)
            Untold("devices", $"Not all phones could be asked for ({refused.Message}).");
        else if (!states.Values.Any(s => s["Value"] == "INVALID"))
            Fine("devices", $"The PBX knows all {known.Count} devices of the settings, {states.Values.Count(s => s["Value"] == "UNAVAILABLE")} of them not registered now.");
    }

    /// <summary>Calls out are recorded by an option of the site's own Dial alone: where it is missing nothing fails, and no recording comes.</summary>
    async Task CheckWayOutAsync(AmiClient client, Task<DoctorSettings?> settings, CancellationToken cancel)
    {
        if (await settings is not { RecordsCallsOut: true } site)
            return;
        const string Remedy = "add b(callcrm-record^s^1) to the options of that Dial (deploy/asterisk/README.md, step 5) and reload the dialplan.";
        var clicked = await WayOut.ReadAsync("callcrm-outbound", ShowAsync);
        if (clicked.Bare.Count > 0)
            Fault("record.out", $"Calls made from the page are to be recorded, but the PBX dials them without a recording at {Places(clicked)}: {Remedy}");
        else if (clicked.Recorded)
            Fine("record.out", "Calls made from the page are recorded.");

        var contexts = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(site.Devices.Where(d => d.Name.StartsWith("PJSIP/", StringComparison.Ordinal)), new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancel }, async (device, token) =>
        {
            var context = await client.SendAsync(new AmiAction("Getvar") { { "Variable", $"PJSIP_ENDPOINT({device.Name["PJSIP/".Length..]},context)" } }, token);
            if (context is { IsSuccess: true } && context["Value"] is { Length: > 0 } name)
                contexts.TryAdd(name, device.Extension);
        });
        foreach (var (context, extension) in contexts.OrderBy(c => c.Key, StringComparer.Ordinal))
        {
            var dialled = await WayOut.ReadAsync(context, ShowAsync);
            if (dialled.Bare.Count > 0)
                Fault("record.dialled", $"Calls dialled on the phones of {context} (extension {extension}) are to be recorded, but go out without a recording at {Places(dialled)}: {Remedy}");
            else if (dialled.Recorded)
                Fine("record.dialled", $"Calls dialled on the phones of {context} are recorded.");
            else
                Untold("record.dialled", $"How the phones of {context} dial out is not seen in its dialplan, nor whether those calls are recorded: dial one and look for its recording; its Dial needs the option b(callcrm-record^s^1).");
        }

        async Task<IReadOnlyList<AmiEvent>> ShowAsync(string name) => (await client.SendListAsync(new AmiAction("ShowDialPlan") { { "Context", name } }, cancel)).Items;

        static string Places(WayOut way) => string.Join("; ", way.Bare.Take(3)) + (way.Bare.Count > 3 ? $" and {way.Bare.Count - 3} more places" : "");
    }

    /// <summary>Whether the PBX has mailboxes it says itself; only then its voicemail folder must be readable.</summary>
    async Task CheckMailboxesAsync(AmiClient client, CancellationToken cancel)
    {
        var list = await client.SendListAsync(new AmiAction("VoicemailUsersList"), cancel);
        var inUse = list.Items.Count(e => e.Name == "VoicemailUserEntry");
        // Without app_voicemail, or the class it needs, there is nothing to look at.
        if (inUse == 0 || VoicemailFolders.Of(pbx.Node, pbx.VoicemailFolder, pbx.Host) is not { } folder)
        {
            if (inUse > 0)
                Untold("mailboxes", $"The PBX has {inUse} mailboxes, and no Pbx VoicemailFolder is set: messages in them are seen, but cannot be heard here.");
            return;
        }

        try
        {
            var messages = new VoicemailSpool(folder.Path, time).Look().Count;
            Fine("mailboxes", $"The voicemail folder {folder.Path} can be read: {inUse} mailboxes, {messages} messages.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fault("mailboxes", $"The PBX has {inUse} mailboxes, but the voicemail folder {folder.Path} cannot be read ({(e is DirectoryNotFoundException ? "it does not exist" : e.Message)}): mount it and let CallCrm's user read it (setfacl -R -m u:callcrm:rX,d:u:callcrm:rX {folder.Path}), or set Pbx VoicemailFolder to \"\".");
        }
    }

    void CheckFolders()
    {
        if (pbx.RecordingFolder is not { Length: > 0 } folder)
            Untold("recordings", "No Pbx RecordingFolder is set, recordings of this PBX are not taken in.");
        else if (FolderCheck.WhyNotWritable(folder) is { } why)
            Fault("recordings", $"The recording folder {folder} cannot be read and emptied ({why}): mount it, and give CallCrm's user its rights (install -d -o asterisk -g callcrm -m 2770 {folder}).");
        else
            Fine("recordings", $"The recording folder {folder} can be read and emptied.");
        if (pbx.CelFile is not { Length: > 0 } cel)
        {
            Untold("cel", "No Pbx CelFile is set: calls that came and went while CallCrm was down are never known (deploy/asterisk/README.md says how).");
            return;
        }

        try
        {
            using var file = new FileStream(cel, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            Fine("cel", $"The CEL file {cel} can be read.");
        }
        catch (FileNotFoundException) when (Directory.Exists(Path.GetDirectoryName(cel)))
        {
            Untold("cel", $"The CEL file {cel} is not there yet; it comes with the first call after cel_custom is loaded.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fault("cel", $"The CEL file {cel} cannot be read ({e.Message}): mount its folder and let CallCrm's user read it, or take Pbx CelFile out.");
        }
    }

    void Fine(string check, string text) => _found.Enqueue(Finding.Fine(_area, check, text));

    void Untold(string check, string text) => _found.Enqueue(Finding.Untold(_area, check, text));

    void Fault(string check, string text) => _found.Enqueue(Finding.Fault(_area, check, text));
}
