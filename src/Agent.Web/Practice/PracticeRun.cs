using CallCrm.AgentWeb.Drafts;
using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Practice;

enum PracticeStage { Idle, Ringing, Talking, WrapUp, Finished }

/// <summary>
/// One simulated call after the other, on this page alone. The router knows that the agent is paused for practice and no more; notes,
/// answers and disposition stay in memory and go with it.
/// <code>
/// Idle → Ringing → Talking → WrapUp → Finished → Ringing (the next client)
///          │ declined, or rung for the full time: Idle
/// </code>
/// </summary>
sealed class PracticeRun(DraftBook drafts, TimeProvider time)
{
    public static readonly TimeSpan Ring = TimeSpan.FromSeconds(20);

    public PracticeStage Stage { get; private set; }

    public PracticeView? View { get; private set; }

    /// <summary>Its draft stands under this id, which no call has.</summary>
    public Guid Id { get; private set; }

    /// <summary>Of the stage.</summary>
    public DateTimeOffset Since { get; private set; }

    public DateTimeOffset? AnsweredAt { get; private set; }

    public DateTimeOffset? EndedAt { get; private set; }

    /// <summary>The last one rang and nobody took it.</summary>
    public bool Missed { get; private set; }

    /// <summary>Which client comes next.</summary>
    public int Turn { get; private set; }

    public event Action? Changed;

    public void Begin(PracticeView view)
    {
        Forget();
        (View, Id, AnsweredAt, EndedAt, Missed) = (view, Guid.CreateVersion7(time.GetUtcNow()), null, null, false);
        Turn++;
        drafts.Practise(Id);
        Go(PracticeStage.Ringing);
    }

    public void Answer()
    {
        if (Stage != PracticeStage.Ringing)
            return;
        AnsweredAt = time.GetUtcNow();
        Go(PracticeStage.Talking);
    }

    /// <summary>Ends the talk, or declines.</summary>
    public void HangUp()
    {
        if (Stage == PracticeStage.Ringing)
            Stop();
        if (Stage != PracticeStage.Talking)
            return;
        EndedAt = time.GetUtcNow();
        Go(PracticeStage.WrapUp);
    }

    public void Finish()
    {
        if (Stage == PracticeStage.WrapUp)
            Go(PracticeStage.Finished);
    }

    /// <summary>A ring that lasts too long is over.</summary>
    public void Tick()
    {
        if (Stage != PracticeStage.Ringing || time.GetUtcNow() - Since < Ring)
            return;
        Stop();
        Missed = true;
        Changed?.Invoke();
    }

    /// <summary>A real call, or no more practice: nothing of it is kept.</summary>
    public void Stop()
    {
        Forget();
        (View, Missed) = (null, false);
        Go(PracticeStage.Idle);
    }

    void Forget()
    {
        if (View is not null)
            drafts.ForgetPractice(Id);
    }

    void Go(PracticeStage stage)
    {
        (Stage, Since) = (stage, time.GetUtcNow());
        Changed?.Invoke();
    }
}
