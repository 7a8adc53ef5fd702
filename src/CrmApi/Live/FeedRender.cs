using CallCrm.Contracts;

namespace CallCrm.CrmApi.Live;

/// <summary>The notices of a batch become events: each offer's own steps in order, of what only states a present the last alone.</summary>
internal sealed class FeedRender(LiveViews views, LiveFacts facts, FeedConnections pages, Told told)
{
    /// <summary>What must be read first. Cards only for people who have a page, or had one a moment ago: all others get a snapshot when they come.</summary>
    public DressWish Wish(LiveState state, IReadOnlyList<Notice> notices)
    {
        var calls = new Dictionary<Guid, LiveCall>();
        foreach (var notice in notices)
        {
            var (agent, id) = notice switch
            {
                Notice.Popped e => (e.Offer.Agent, e.Offer.Call),
                Notice.CallChanged e => (e.Agent, e.Call),
                Notice.CardChanged e => (e.Agent, e.Call),
                _ => default,
            };
            if (id != default && Wanted(agent) && (state.Calls.GetValueOrDefault(id) ?? (notice as Notice.Popped)?.Call) is { } call) calls[id] = call;
        }

        return new DressWish(calls.Values,
            [.. state.Calls.Keys.Union(calls.Keys).Where(c => !facts.CallNumbers.ContainsKey(c))],
            [.. state.Calls.Values.Select(c => c.Client).OfType<Guid>().Where(c => !facts.ClientNames.ContainsKey(c)).Distinct()]);
    }

    public List<FeedItem> Render(LiveState state, IReadOnlyList<(long Seq, Notice Notice)> notices, Dress dress)
    {
        var items = new List<FeedItem>(notices.Count);
        var last = LastOfEach(notices);
        for (var i = 0; i < notices.Count; i++)
        {
            var (seq, notice) = notices[i];
            if (notice is not (Notice.Popped or Notice.OfferChanged) && last[notice with { At = default }] != i) continue;
            switch (notice)
            {
                case Notice.Popped { Offer: var offer } popped:
                    var call = state.Calls.GetValueOrDefault(offer.Call) ?? popped.Call;
                    var pop = views.Pop(offer, call, dress);
                    told.Script(offer.Agent, call.Id, pop.Script, dress);
                    told.Card(offer.Agent, call.Id, pop.Lookup, pop.Card, pop.Candidates, dress);
                    items.Add(new FeedItem(seq, Audience.Of(offer.Agent), new PopEvent(pop) { At = notice.At }, dress.Calls.Contains(call.Id)));
                    break;
                case Notice.OfferChanged e:
                    items.Add(new FeedItem(seq, Audience.Of(e.Offer.Agent), new OfferEvent(e.Offer.Id, e.Offer.Call, e.Offer.Rang && e.Outcome is null, e.Outcome?.ToString(),
                        facts.Names.Person(e.AnsweredBy))
                    { At = notice.At }));
                    break;
                case Notice.CallChanged e when state.Calls.TryGetValue(e.Call, out var changed):
                    var view = views.Call(state, changed, e.Agent, dress);
                    told.Card(e.Agent, changed.Id, view.Lookup, view.Card, view.Candidates, dress);
                    if (told.Script(e.Agent, changed.Id, view.Script, dress)) view = view with { Script = null, ScriptKept = true };
                    items.Add(new FeedItem(seq, Audience.Of(e.Agent), new CallEvent(view) { At = notice.At }, dress.Calls.Contains(changed.Id)));
                    break;
                case Notice.CardChanged e when state.Calls.TryGetValue(e.Call, out var known):
                    var card = views.CardChanged(known, e.Agent, dress, notice.At);
                    told.Card(e.Agent, known.Id, card.Lookup, card.Card, card.Candidates, dress);
                    if (told.Script(e.Agent, known.Id, card.Script, dress)) card = card with { Script = null };
                    items.Add(new FeedItem(seq, Audience.Of(e.Agent), card, dress.Calls.Contains(known.Id)));
                    break;
                case Notice.CalledInVain { Call: var over } e:
                    items.Add(new FeedItem(seq, Audience.Of(e.Agent),
                        new CallOutEvent(over.Id, LiveViews.Caller(over), over.Client, facts.ClientName(over.Client), over.Outcome!.Value.ToString()) { At = e.At }));
                    break;
                case Notice.AgentChanged e:
                    AddAgent(items, seq, state, e);
                    break;
                case Notice.SeatAsked { Ask: var ask } e:
                    var asked = new SeatEvent(views.SeatAsk(ask), e.Outcome?.ToString()) { At = e.At };
                    items.Add(new FeedItem(seq, Audience.Of(ask.Holder), asked));
                    items.Add(new FeedItem(seq, Audience.Of(ask.Agent), asked));
                    break;
                case Notice.PbxChanged e when state.Pbxs.TryGetValue(e.Node, out var pbx):
                    items.Add(new FeedItem(seq, Audience.Everyone, views.Pbx(pbx)));
                    break;
                case Notice.CallLogged e:
                    items.Add(new FeedItem(seq, Audience.Everyone, new HintEvent("call", e.Call.ToString(), null, e.Call) { At = e.At }));
                    break;
            }
        }

        return items;
    }

    void AddAgent(List<FeedItem> items, long seq, LiveState state, Notice.AgentChanged e)
    {
        var agent = state.Agent(e.Agent);
        items.Add(new FeedItem(seq, Audience.Of(e.Agent), new MyStateEvent(views.State(agent), views.Today(state, agent)) { At = e.At }));
        if (views.Tile(state, e.Agent) is { } tile) items.Add(new FeedItem(seq, Audience.SupervisorsOf(e.Agent), new AgentEvent(tile) { At = e.At }));
    }

    bool Wanted(Guid agent) => pages.IsOrWasHere(agent);

    /// <summary>A later notice of the same thing in the batch says all that an earlier one would.</summary>
    static Dictionary<Notice, int> LastOfEach(IReadOnlyList<(long Seq, Notice Notice)> notices)
    {
        var last = new Dictionary<Notice, int>();
        for (var i = 0; i < notices.Count; i++) last[notices[i].Notice with { At = default }] = i;
        return last;
    }
}
