using System.Net;
using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Api;

/// <summary>What went wrong with a request: a stable id for the text, the fields by name for forms.</summary>
sealed class ApiException(HttpStatusCode? status, string errorId, string detail, IReadOnlyDictionary<string, string[]>? errors = null, IReadOnlyList<string>? confirm = null, Guid? client = null, DealDetailView? deal = null, TaskView? task = null, string? claimed = null, string? found = null) : Exception(detail)
{
    public HttpStatusCode? Status { get; } = status;

    /// <summary>errorId of the ProblemDetails; <c>offline</c> when the server was not reached, <c>bad_answer</c> when it was not our server that answered.</summary>
    public string ErrorId { get; } = errorId;

    public IReadOnlyDictionary<string, string[]> Errors { get; } = errors ?? new Dictionary<string, string[]>(StringComparer.Ordinal);

    /// <summary>With confirm_needed: why it should be looked at twice.</summary>
    public IReadOnlyList<string> Confirm { get; } = confirm ?? [];

    /// <summary>With fields_missing: whose card it is.</summary>
    public Guid? Client { get; } = client;

    /// <summary>With edit_conflict of a deal: the newer one.</summary>
    public DealDetailView? Deal { get; } = deal;

    /// <summary>With edit_conflict of a task: the newer one.</summary>
    public TaskView? Task { get; } = task;

    /// <summary>With file_type_differs: what the name ends in, .pdf.</summary>
    public string? Claimed { get; } = claimed;

    /// <summary>With file_type_differs: what the content is, exe.</summary>
    public string? Found { get; } = found;
}
