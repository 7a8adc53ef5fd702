using CallCrm.AgentWeb.Api;
using CallCrm.AgentWeb.Live;
using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Desk;

/// <summary>What an agent does, by button or key: one command each, its refusal shown until the next one.</summary>
sealed class DeskActions(ApiClient api, FeedClient feed, DialCampaign campaign)
{
    const string CampaignOver = "campaign_over";

    /// <summary>Stable code of the last refusal or failure; null when the last command was taken.</summary>
    public string? Trouble { get; private set; }

    /// <summary>The agent who stands in the way of the last command, by name.</summary>
    public string? Who { get; private set; }

    /// <summary>The question for an extension that this page asked last.</summary>
    public Guid? SeatAsk { get; private set; }

    /// <summary>The kind of the command under way: its button waits.</summary>
    public string? Busy { get; private set; }

    public event Action? Changed;

    public Task<bool> DoAsync(string kind, Guid? call = null, string? node = null, string? extension = null, string? reason = null, Guid? client = null, string? number = null,
        Guid? agent = null, Guid? ask = null, bool anyway = false) =>
        DoAsync(api.NewCommand(kind, call, node, extension, reason, client, number) with { AgentId = agent, AskId = ask, Anyway = anyway });

    /// <summary>The number that this page dialled last, and the extension to key in once it answers; empty: none.</summary>
    public (string Number, string Extension)? Dialled { get; private set; }

    /// <param name="callBackOf">The call that it answers or tries again: its campaign goes along, not the one that is chosen at the desk.</param>
    public async Task<bool> DialAsync(string number, Guid? client = null, string? extension = null, Guid? callBackOf = null)
    {
        // Before it is sent: the feed may be quicker than its answer.
        Dialled = (number, extension ?? "");
        if (await DoAsync(api.NewCommand("dial", client: client, number: number) with { Campaign = callBackOf is null ? campaign.Chosen?.Code : null, CallBackOf = callBackOf }))
            return true;
        Dialled = null;
        if (Trouble == CampaignOver)
            await campaign.OverAsync();
        return false;
    }

    /// <summary>Hands a call on, at once (transfer) or after a talk (consult), to one of the three.</summary>
    public Task<bool> HandOnAsync(string kind, Guid call, Guid? agent, Guid? queue, string? number) =>
        DoAsync(api.NewCommand(kind, call, number: number) with { ToAgent = agent, ToQueue = queue });

    async Task<bool> DoAsync(CommandRequest command)
    {
        (Busy, Trouble, Who) = (command.Kind, null, null);
        feed.Change(s => s.ActsHere());
        Changed?.Invoke();
        command = command with { PageId = feed.PageId };
        // Before it is sent: the feed may be quicker than its answer.
        if (command.Kind == "take_over")
            SeatAsk = command.Id;
        try
        {
            var answer = await SendAsync(command);
            (Trouble, Who) = (answer.Accepted ? null : answer.Reason ?? "refused", answer.Who);
        }
        catch (ApiException e)
        {
            Trouble = e.Errors.ContainsKey("campaign") ? CampaignOver : e.ErrorId;
        }
        finally
        {
            Busy = null;
            Changed?.Invoke();
        }

        return Trouble is null;
    }

    /// <summary>A dropped line may have lost only the answer: the same id again gets the first one.</summary>
    async Task<CommandAnswer> SendAsync(CommandRequest command)
    {
        try
        {
            return await api.CommandAsync(command);
        }
        catch (ApiException e) when (e.ErrorId == "offline")
        {
            await Task.Delay(TimeSpan.FromMilliseconds(400));
            return await api.CommandAsync(command);
        }
    }

    public void Report(string trouble)
    {
        Trouble = trouble;
        Changed?.Invoke();
    }

    public void Dismiss()
    {
        Trouble = null;
        Changed?.Invoke();
    }
}
