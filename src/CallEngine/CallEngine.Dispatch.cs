namespace CallCrm.Engine;

/// <summary>Which desk an input or a due timer goes to.</summary>
public sealed partial class CallEngine
{
    private void Dispatch(EngineInput input)
    {
        switch (input)
        {
            case EngineInput.Fact fact:
                Dispatch(fact.Value, fact.NewCall);
                break;
            case EngineInput.PbxSaid said:
                Take(said);
                break;
            case EngineInput.PbxLists lists:
                Take(lists);
                break;
            case EngineInput.PbxLost lost:
                Take(lost);
                break;
            case EngineInput.PbxRights rights:
                _pbx.Rights(rights);
                break;
            case EngineInput.RouteAsked asked:
                _routes.Asked(asked);
                break;
            case EngineInput.RouteTaken taken:
                _routes.Taken(taken.Request);
                break;
            case EngineInput.RouteClosed closed:
                _routes.Closed(closed.Request);
                break;
            case EngineInput.LookupArrived arrived when _book.Find(arrived.Call) is { } call:
                _identity.Arrived(call, arrived.Result);
                break;
            case EngineInput.LookupArrived arrived:
                _state.Out.Report("lookup_for_no_call", arrived.Call.ToString("N"));
                break;
            case EngineInput.ActionDone done when _listens.Done(done) || _dials.Done(done):
                break;
            case EngineInput.ActionDone done:
                _routes.ActionDone(done);
                break;
            case EngineInput.Command command:
                _commands.Take(command);
                break;
            case EngineInput.PagesReported pages:
                _pages.Take(pages);
                break;
            case EngineInput.SettingsChanged changed:
                _settings.Take(changed.Settings);
                _restoring.PutBack();
                if (!_loads.IsSet)
                    _state.Timers.Set(_loads, _state.Now.Stamp + TimeSpan.FromSeconds(1));
                break;
            case EngineInput.CelRead read:
                _cel.Take(read);
                break;
            case EngineInput.MailboxRead mailboxes:
                _mailboxes.Take(mailboxes);
                break;
            case EngineInput.Restored restored:
                _restoring.Take(restored.State);
                break;
        }
    }

    private void Dispatch(PbxFact fact, Guid newCall)
    {
        switch (fact)
        {
            case PbxFact.LegCreated created:
                _legs.Created(created, newCall);
                break;
            case PbxFact.LegLinked linked:
                _legs.Linked(linked);
                break;
            case PbxFact.CallerChanged changed:
                _legs.CallerChanged(changed);
                break;
            case PbxFact.DialBegan began:
                _legs.DialBegan(began);
                break;
            case PbxFact.LegRang rang:
                _legs.Rang(rang);
                break;
            case PbxFact.DialEnded ended:
                _legs.DialEnded(ended);
                break;
            case PbxFact.LegJoined joined:
                _legs.Joined(joined);
                break;
            case PbxFact.LegLeft left:
                _legs.Left(left);
                break;
            case PbxFact.HoldBegan hold:
                _legs.Held(hold.Holder, holds: true);
                break;
            case PbxFact.HoldEnded resume:
                _legs.Held(resume.Holder, holds: false);
                break;
            case PbxFact.WaitBegan waits:
                _legs.Waits(waits.Leg, waits.Kind);
                break;
            case PbxFact.WaitEnded waited:
                _legs.Waits(waited.Leg, null);
                break;
            case PbxFact.ListenBegan listens:
                _legs.Listens(listens.Listener, listens.Heard);
                break;
            case PbxFact.ListenEnded listened:
                _legs.Listens(listened.Listener, null);
                break;
            case PbxFact.HoldMarked marked:
                _legs.HoldMarked(marked.Leg);
                break;
            case PbxFact.FellBack fell:
                _routes.FellBack(_legs.Live(fell.Leg));
                break;
            case PbxFact.Transferred transferred:
                _legs.Transferred(transferred);
                break;
            case PbxFact.RecordingBegan recording:
                _legs.RecordingBegan(recording.Leg);
                break;
            case PbxFact.MessageLeft message:
                _mailboxes.Left(message);
                break;
            case PbxFact.LegHungUp hungUp:
                _legs.HungUp(hungUp.Leg);
                break;
            case PbxFact.LegEnded gone:
                _legs.Ended(gone);
                break;
            case PbxFact.DeviceChanged device:
                DeviceChanged(device);
                break;
            case PbxFact.Connected connected:
                _pbx.Connected(connected);
                break;
            case PbxFact.Lost lost:
                _pbx.Lost(lost);
                break;
            case PbxFact.Snapshot snapshot:
                _pbx.Snapshot(snapshot, newCall);
                break;
        }
    }

    private void DeviceChanged(PbxFact.DeviceChanged fact)
    {
        if (_state.FindDevice(fact.Node, fact.Device) is not { } device || device.State == fact.State)
            return;
        var idle = fact.State == DeviceState.NotInUse;
        var returned = idle && device.Gone;
        var hungUp = idle && device.State is DeviceState.InUse or DeviceState.Busy;
        device.State = fact.State;
        device.MayReturn &= device.Gone;
        if (device.Extension?.Holder is not { } holder)
            return;
        if ((returned && holder.BackOff == "unreachable") || (hungUp && holder.BackOff == "busy"))
            _board.EndBackOff(holder);
        _board.Refresh(holder);
    }

    private void Fire(EngineTimer timer)
    {
        switch (timer.Kind, timer.Subject)
        {
            case (TimerKind.Announce, Call call):
                _book.Announce(call);
                break;
            case (TimerKind.Lookup, Call call):
                _identity.Late(call);
                break;
            case (TimerKind.MaxWait, Call call):
                _router.WaitOver(call);
                break;
            case (TimerKind.Patience, Call call):
                _router.PatienceOver(call);
                break;
            case (TimerKind.CallGone, Call call):
                // Out of sight nothing tells how long those who are left went on: they were there when the line was last heard.
                if (_state.Nodes.TryGetValue(call.Node, out var pbx) && pbx.LostAt is { } lost && lost.Stamp < _state.Happened.Stamp && lost.Stamp >= (call.ClientGoneAt ?? TimeSpan.Zero))
                    _state.Happened = lost;
                _book.End(call, estimated: false);
                break;
            case (TimerKind.Forget, Call call):
                _book.Forget(call);
                break;
            case (TimerKind.RequestDue, RouteRequest request):
                _routes.RequestDue(request);
                break;
            case (TimerKind.DialResult, RouteRequest request):
                _routes.DialResultDue(request);
                break;
            case (TimerKind.Redirect, Redirect redirect):
                _routes.RedirectFailed(redirect);
                break;
            case (TimerKind.Ringing, Offer offer):
                _routes.NoRinging(offer);
                break;
            case (TimerKind.OfferEnd, Offer offer):
                _routes.OfferDue(offer);
                break;
            case (TimerKind.WrapUp, Agent agent):
                _board.WrapUpOver(agent);
                break;
            case (TimerKind.Doubt, Leg leg):
                _dials.DoubtOver(leg);
                break;
            case (TimerKind.PageGrace, Agent agent):
                _pages.GraceOver(agent);
                break;
            case (TimerKind.BackOff, Agent agent):
                _board.EndBackOff(agent);
                _board.Refresh(agent);
                break;
            case (TimerKind.PhonesReturn, PbxNode node):
                _pbx.PhonesDue(node);
                break;
            case (TimerKind.Phone, Agent agent):
                _board.TellPhone(agent);
                break;
            case (TimerKind.Transfer, Transfer transfer):
                _transfers.Due(transfer);
                break;
            case (TimerKind.SeatAsk, SeatAsk ask):
                _seats.TimeOver(ask);
                break;
            case (TimerKind.LoadTurn, _):
                LoadTurn();
                break;
        }
    }
}
