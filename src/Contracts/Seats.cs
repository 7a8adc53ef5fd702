namespace CallCrm.Contracts;

/// <summary>GET /api/seats: where one may sit down, one's own place and those last used first. 503 router_away: nobody knows now.</summary>
public sealed record SeatsView(IReadOnlyList<SeatView> Items);

/// <param name="Name">What people call the place; may be empty.</param>
/// <param name="HolderId">Null: free.</param>
/// <param name="HolderState">AgentState name.</param>
/// <param name="InCall">Of the holder: a live call stays with its agent, the place cannot be had now.</param>
/// <param name="HasPage">The holder can be asked; else the place is given at once.</param>
/// <param name="Registered">Whether a phone is there; null: nobody knows now.</param>
/// <param name="AskedBy">Who asks the holder already.</param>
/// <param name="Mine">One sits there oneself.</param>
/// <param name="Phones">Of one's own place; else null.</param>
public sealed record SeatView(string Node, string Number, string Name, Guid? HolderId, string? HolderName, string? HolderState, bool InCall, bool HasPage, bool? Registered,
    string? AskedBy, bool Mine, IReadOnlyList<SeatPhoneView>? Phones = null);

/// <param name="Registered">Null: nobody knows now.</param>
/// <param name="Way">By what the page may work it: notify (PJSIP: SIP NOTIFY, or a header on which it answers by itself), header (chan_sip: that header alone), none (other technologies).</param>
public sealed record SeatPhoneView(string Device, bool? Registered, string Way);

/// <summary>
/// POST /api/seats/phone-test?device=: one's own phone (one of the place's phones; without a name the first that is registered) is rung, and it is tried whether the page can answer and hold it; GET tells how far it is. What is found out holds
/// for the device from then on. 400 invalid_input (device). 409 no_extension, in_call, phone_test_runs, pbx_away, phone_not_testable.
/// </summary>
/// <param name="Step">none, ringing, button, itself, hold, done.</param>
/// <param name="Notifies">False: the PBX does not let CallCrm press the phone's keys (its AMI user lacks write = system), or the phone's technology knows no such thing (<see cref="SeatPhoneView.Way"/>).</param>
/// <param name="Answers">button (the page's, by SIP NOTIFY), itself (rung anew with headers that ask for it), no (lift the receiver); at_once (it was answered before anything was tried) and refused tell nothing of it.</param>
/// <param name="Hold">Null: not tried.</param>
public sealed record PhoneTestView(string Step, string Device, bool Notifies, bool Rang, string? Answers, bool? Hold);

/// <summary>Somebody wants the extension that another holds.</summary>
/// <param name="AgentId">Who asks.</param>
/// <param name="Until">The holder may say no until then; after it the place is given.</param>
public sealed record SeatAskView(Guid AskId, string Node, string Extension, Guid AgentId, string AgentName, Guid HolderId, string HolderName, DateTimeOffset Until);
