using CallCrm.AgentWeb.Api;
using CallCrm.AgentWeb.Session;
using CallCrm.Contracts;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;

namespace CallCrm.AgentWeb.Admin;

/// <summary>One tab of the administration: a list, and a form beside it whose errors stand at their fields. What is typed stays until it is saved or given up.</summary>
abstract public class AdminPart : SessionPart
{
    [Inject]
    internal ApiClient Api { get; set; } = null!;

    [Inject]
    internal IStringLocalizer<Texts> Words { get; set; } = null!;

    [Parameter, EditorRequired]
    public AdminView View { get; set; } = null!;

    [Parameter]
    public EventCallback<AdminView> OnSaved { get; set; }

    private protected bool Busy { get; private set; }

    private protected string Failure { get; private set; } = "";

    private protected IReadOnlyDictionary<string, string[]> Errors { get; private set; } = new Dictionary<string, string[]>(StringComparer.Ordinal);

    private protected void Forget() => (Failure, Errors) = ("", new Dictionary<string, string[]>(StringComparer.Ordinal));

    /// <returns>Whether it was done.</returns>
    private protected async Task<bool> DoAsync(Func<Task> what)
    {
        Forget();
        Busy = true;
        try
        {
            await what();
            return true;
        }
        catch (ApiException e)
        {
            Failure = e.ErrorId switch
            {
                "edit_conflict" => Words["Admin.Conflict"],
                "invalid_input" => Words["Admin.Invalid"],
                _ => Texts.Failure(Words, e),
            };
            Errors = e.Errors;
            return false;
        }
        finally
        {
            Busy = false;
        }
    }

    private protected Task<bool> SaveAsync(Func<Task<AdminView>> save) => DoAsync(async () => await OnSaved.InvokeAsync(await save()));

    private protected RenderFragment Error(string field) => builder =>
    {
        if (!Errors.TryGetValue(field, out var expected))
            return;
        builder.OpenElement(0, "span");
        builder.AddAttribute(1, "class", "error");
        builder.AddAttribute(2, "data-error", field);
        builder.AddContent(3, Words["Admin.Expected", string.Join("; ", expected.Select(e => Expectation.Of(Words, e)))]);
        builder.CloseElement();
    };

    private protected string Queue(Guid id) => View.Queues.FirstOrDefault(q => q.Id == id)?.Name ?? "–";
}
