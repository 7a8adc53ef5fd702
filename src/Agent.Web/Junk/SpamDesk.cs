using CallCrm.AgentWeb.Api;
using CallCrm.AgentWeb.Desk;
using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Junk;

/// <summary>The agent's word that a caller is junk: said with one key, asked back where the number is known, taken back with one more.</summary>
sealed class SpamDesk(ApiClient api, DeskActions actions, TimeProvider time)
{
    (Guid Call, SpamMark Mark)? _asked;

    /// <summary>Why the last wish should be looked at twice; empty: nothing is asked.</summary>
    public IReadOnlyList<string> Doubts { get; private set; } = [];

    /// <summary>What was done last, until it is taken back or dismissed.</summary>
    public SpamMarked? Last { get; private set; }

    public string? Failure { get; private set; }

    public bool Busy { get; private set; }

    public event Action? Changed;

    public Task MarkAsync(Guid call, bool allQueues, bool endCall)
    {
        if (Busy)
            return Task.CompletedTask;
        var now = time.GetUtcNow();
        return SendAsync(call, new SpamMark(Guid.CreateVersion7(now), allQueues, endCall, Guid.CreateVersion7(now)));
    }

    public Task ConfirmAsync() => _asked is { } asked && !Busy ? SendAsync(asked.Call, asked.Mark with { Confirmed = true }) : Task.CompletedTask;

    public async Task UndoAsync()
    {
        if (Last is not { } last || Busy)
            return;
        await TryAsync(async () =>
        {
            await api.RemoveBlockAsync(last.BlockId);
            Last = null;
        });
    }

    public void Dismiss()
    {
        (_asked, Doubts, Last, Failure) = (null, [], null, null);
        Changed?.Invoke();
    }

    async Task SendAsync(Guid call, SpamMark mark)
    {
        _asked = (call, mark);
        await TryAsync(async () =>
        {
            Last = await api.MarkSpamAsync(call, mark);
            (_asked, Doubts) = (null, []);
            if (Last.EndRefused is { } why)
                actions.Report(why);
        });
    }

    async Task TryAsync(Func<Task> act)
    {
        (Busy, Failure) = (true, null);
        Changed?.Invoke();
        try
        {
            await act();
        }
        catch (ApiException e) when (e.ErrorId == "confirm_needed")
        {
            Doubts = e.Confirm.Count > 0 ? e.Confirm : ["client"];
        }
        catch (ApiException e)
        {
            Failure = e.ErrorId is "no_number" or "list_full" ? e.ErrorId : e.ErrorId == "offline" ? "offline" : "failed";
        }
        finally
        {
            Busy = false;
            Changed?.Invoke();
        }
    }
}
