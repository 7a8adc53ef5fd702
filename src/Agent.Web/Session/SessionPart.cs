using Microsoft.AspNetCore.Components;

namespace CallCrm.AgentWeb.Session;

/// <summary>
/// Every part of the pages is drawn again when what one may, or may choose from, has changed: Blazor draws none anew whose own parameters are the same, and a right
/// that was taken away would keep its buttons until somebody goes elsewhere. What is typed stays, as nothing is made anew.
/// </summary>
public abstract class SessionPart : ComponentBase
{
    bool _watches;

    [Inject]
    private SignedIn Whose { get; set; } = null!;

    public override Task SetParametersAsync(ParameterView parameters)
    {
        if (!_watches)
        {
            _watches = true;
            Whose.Watch(this);
        }

        return base.SetParametersAsync(parameters);
    }

    /// <summary>Before it is drawn again: for what was not read as one could not have it.</summary>
    protected virtual Task OnSessionChangedAsync() => Task.CompletedTask;

    internal void SessionChanged() => _ = InvokeAsync(async () =>
    {
        StateHasChanged();
        await OnSessionChangedAsync();
        StateHasChanged();
    });
}
