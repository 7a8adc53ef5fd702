namespace CallCrm.DemoPbx.Recording;

/// <summary>Renders one direction of a call: the two sides take turns while they talk, music plays to a client on hold, else silence.</summary>
internal sealed class Conversation(Voices voices, SoundPlan plan)
{
    private const int Pause = WavFile.Rate * 6 / 10;

    /// <param name="client">True for what the client says, false for what the client hears.</param>
    public short[] Render(bool client)
    {
        var track = new short[Math.Max(0, At(plan.End))];
        foreach (var (from, to, sound) in Stretches())
        {
            if (sound == CallSound.Talk || (sound == CallSound.Message && client))
            {
                Talk(track, from, to, client, alone: sound == CallSound.Message);
            }
            else if (sound == CallSound.Music && !client)
            {
                Music(track, from, to);
            }
        }

        Silence(track, client);
        return track;
    }

    private IEnumerable<(int From, int To, CallSound Sound)> Stretches()
    {
        var sounds = plan.Sounds;
        for (var i = 0; i < sounds.Count; i++)
        {
            var end = i + 1 < sounds.Count ? sounds[i + 1].At : plan.End;
            yield return (Math.Max(0, At(sounds[i].At)), Math.Max(0, At(end)), sounds[i].Sound);
        }
    }

    private void Talk(short[] track, int from, int to, bool client, bool alone)
    {
        var turn = new Random(plan.Seed).Next(3);
        var agentSpeaks = !alone;
        for (var at = from + (Pause / 2); at < to;)
        {
            var sentences = agentSpeaks ? voices.Agent : voices.Client;
            if (sentences.Count == 0)
            {
                return;
            }

            var sentence = sentences[turn % sentences.Count];
            if (agentSpeaks != client)
            {
                var length = Math.Min(sentence.Length, Math.Min(to, track.Length) - at);
                if (length > 0)
                {
                    sentence.AsSpan(0, length).CopyTo(track.AsSpan(at));
                }
            }

            at += sentence.Length + Pause;
            turn += agentSpeaks ? 0 : 1;
            agentSpeaks = !agentSpeaks && !alone;
        }
    }

    /// <summary>A slow arpeggio, plainly music and nobody's property.</summary>
    private static void Music(short[] track, int from, int to)
    {
        ReadOnlySpan<double> notes = [261.63, 329.63, 392.00, 523.25, 392.00, 329.63];
        const int Note = WavFile.Rate / 2;
        for (var i = from; i < Math.Min(to, track.Length); i++)
        {
            var since = (i - from) % Note;
            var note = notes[(i - from) / Note % notes.Length];
            var fade = Math.Exp(-3.0 * since / Note);
            track[i] = (short)(4000 * fade * Math.Sin(2 * Math.PI * note * since / WavFile.Rate));
        }
    }

    private void Silence(short[] track, bool client)
    {
        var since = -1;
        foreach (var (at, ofClient, muted) in plan.Mutes)
        {
            if (ofClient != client)
            {
                continue;
            }

            var here = Math.Clamp(At(at), 0, track.Length);
            if (muted)
            {
                since = since < 0 ? here : since;
            }
            else if (since >= 0)
            {
                track.AsSpan(since, here - since).Clear();
                since = -1;
            }
        }

        if (since >= 0)
        {
            track.AsSpan(since).Clear();
        }
    }

    private int At(DateTimeOffset time) => (int)((time - plan.Start).TotalSeconds * WavFile.Rate);
}
