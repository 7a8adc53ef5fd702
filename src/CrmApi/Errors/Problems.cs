using System.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Errors;

/// <summary>Answers of RFC 9457 (ProblemDetails) with a stable errorId; bad input names each field and what was expected.</summary>
internal static class Problems
{
    public static ProblemHttpResult Of(int status, string errorId, string detail, IReadOnlyDictionary<string, string[]>? errors = null)
    {
        var more = new Dictionary<string, object?>(StringComparer.Ordinal) { ["errorId"] = errorId };
        if (errors is not null) more["errors"] = errors;
        if (Activity.Current?.TraceId.ToString() is { } trace) more["traceId"] = trace;
        return TypedResults.Problem(detail, statusCode: status, title: Title(status), type: $"urn:callcrm:error:{errorId}", extensions: more);
    }

    public static ProblemHttpResult NotFound(string what) => Of(StatusCodes.Status404NotFound, "not_found", $"There is no such {what}.");

    public static ProblemHttpResult Invalid(IReadOnlyDictionary<string, string[]> errors) =>
        Of(StatusCodes.Status400BadRequest, "invalid_input", "Some fields are not as expected.", errors);

    public static ProblemHttpResult Invalid(string field, string expected) =>
        Invalid(new Dictionary<string, string[]>(StringComparer.Ordinal) { [field] = [expected] });

    /// <summary>errorId of an answer that the framework made by itself.</summary>
    public static string IdOf(int status) => status switch
    {
        400 => "bad_request",
        401 => "not_signed_in",
        403 => "not_allowed",
        404 => "not_found",
        405 => "method_not_allowed",
        413 => "too_large",
        415 => "not_json",
        416 => "range_not_satisfiable",
        429 => "too_many_requests",
        >= 500 => "internal_error",
        _ => $"http_{status}",
    };

    public static string Title(int status) => status switch
    {
        400 => "Bad input",
        401 => "Not signed in",
        403 => "Not allowed",
        404 => "Not found",
        409 => "Conflict",
        410 => "Gone",
        412 => "Precondition failed",
        423 => "Locked",
        429 => "Too many requests",
        503 => "Not available now",
        _ => "Error",
    };
}
