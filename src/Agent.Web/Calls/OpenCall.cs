namespace CallCrm.AgentWeb.Calls;

/// <summary>The call whose timeline lies over the page; the frame draws it, so that nothing of the page beneath is inherited.</summary>
sealed class OpenCall
{
    public Guid? Call { get; private set; }

    public event Action? Changed;

    public void Show(Guid? call)
    {
        Call = call;
        Changed?.Invoke();
    }
}
