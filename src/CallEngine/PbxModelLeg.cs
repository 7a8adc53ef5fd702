namespace CallCrm.Engine;

public sealed partial class PbxModel
{
    enum DialStage
    {
        /// <summary>Nobody dialled this channel (yet).</summary>
        None,
        Begun,

        /// <summary>Its DialEnd came; the result waits for the cause in its Hangup.</summary>
        Waiting,
        Ended,
    }

    /// <summary>How far the Dial that a channel runs has come, by its variable DIALSTATUS.</summary>
    enum Attempt
    {
        /// <summary>Not seen from its start.</summary>
        Unknown,

        /// <summary>Dial has emptied the variable.</summary>
        Open,

        /// <summary>A channel was dialled, so DialEnd tells how it went.</summary>
        Begun,
        Closed,
    }

    /// <summary>All that is kept of a living channel.</summary>
    sealed class Leg(LegId id, string channel, string linkedId)
    {
        public LegId Id { get; } = id;

        public string Channel = channel;
        public string Device = PbxModelText.Device(channel);
        public bool Hidden = PbxModelText.IsHidden(channel);
        public string LinkedId = linkedId;
        public string? FormerLinkedId;
        public string CallerNumber = "";
        public string CallerName = "";
        public bool Restricted;

        /// <summary>It called us (its first state was Ring).</summary>
        public bool CallsUs;
        public bool PresentationTold;

        // As the one who is dialled.
        public DialStage Stage;
        public Leg? DialledBy;
        public LegId? Caller;
        public string? DialStatus;
        public bool Rang;
        public bool RingWaits;

        /// <summary>The far end gave a sign of life other than ringing (183, DAHDI's proceeding).</summary>
        public bool Progressed;

        /// <summary>Another took the call away from it while it rang.</summary>
        public bool PickedUp;

        // As the one who dials.

        /// <summary>Channels it rings now.</summary>
        public int OpenRings;

        /// <summary>One of the channels of this round has answered.</summary>
        public bool WasAnswered;

        /// <summary>Half of a Local channel that was rung and lost: so did the phone behind it.</summary>
        public bool EndedElsewhere;
        public Attempt Attempt;
        public List<Leg>? WaitingResults;

        public bool Up;
        public bool Holding;

        /// <summary>Its hold is known: a snapshot does not tell, so the next word counts even when it changes nothing here.</summary>
        public bool HoldTold = true;
        public bool Recording;
        public bool HungUp;
        public int? RequestCause;
        public int? RequestTechCause;
        public bool Ended;

        public Bridge? Bridge;

        /// <summary>The bridge that LegJoined named last, null after its LegLeft.</summary>
        public string? Shown;

        /// <summary>Asterisk is moving it between bridges: the leave is no leave until the enter comes.</summary>
        public bool Moving;

        public bool Music;
        public bool Queued;

        /// <summary>It was told to speak after the tone.</summary>
        public bool Message;

        /// <summary>The PBX's mailbox whose greeting it hears.</summary>
        public string? Mailbox;

        /// <summary>The holding bridge it waits in, alone among others; <see cref="Parked"/>: that of a parking lot.</summary>
        public string? Lot;
        public bool Parked;

        /// <summary>What WaitBegan said last, null after its WaitEnded.</summary>
        public WaitKind? Waits;

        /// <summary>ChanSpy: whom it hears.</summary>
        public Leg? ListensTo;

        // Local channels only.
        public Leg? OtherHalf;
        public Leg? OptimizedFor;

        // In order of creation.
        public Leg? Older;
        public Leg? Newer;
    }

    sealed class Bridge(string id, long number)
    {
        public string Id { get; } = id;

        /// <summary>Order of creation here.</summary>
        public long Number { get; } = number;

        /// <summary>The id that facts give for it, the same for all bridges that Local channels connect.</summary>
        public string Shown = id;

        public List<Leg> Members { get; } = [];

        /// <summary>Those in it keep their own calls.</summary>
        public bool Conference;

        /// <summary>Its channels are being moved into another one.</summary>
        public bool Merging;
    }

    /// <summary>The ids of the legs that ended last, so that a doubled or late event does not bring one back.</summary>
    sealed class EndedLegs
    {
        const int Kept = 8_192;

        readonly HashSet<string> _ids = new(StringComparer.Ordinal);
        readonly Queue<string> _order = new();

        public bool Contains(string uniqueId) => _ids.Contains(uniqueId);

        public void Add(string uniqueId)
        {
            if (!_ids.Add(uniqueId))
                return;
            _order.Enqueue(uniqueId);
            if (_order.Count > Kept)
                _ids.Remove(_order.Dequeue());
        }

        public void Clear()
        {
            _ids.Clear();
            _order.Clear();
        }
    }
}
