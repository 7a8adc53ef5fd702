using System.Collections.Frozen;

namespace CallCrm.CrmApi.Access;

/// <summary>How far a right reaches.</summary>
internal enum RightScope
{
    /// <summary>What is in the person's own name.</summary>
    Own = 1,

    /// <summary>Of the people of the person's department and of all below it.</summary>
    Department,

    All,
}

/// <param name="Scoped">False: one has it or not; its scope is all.</param>
/// <param name="Defaults">By builtin role.</param>
internal sealed record RightLine(string Code, bool Scoped, FrozenDictionary<string, RightScope> Defaults);

/// <summary>Every right there is, and what the builtin roles have of it before an administrator changes them. The tests are made from this table, too.</summary>
internal static class RightCatalog
{
    /// <summary>In the order of the columns below.</summary>
    public static readonly string[] BuiltinRoles = ["agent", "senior_agent", "supervisor", "reviewer", "head", "marketing", "director", "manager", "admin"];

    /// <summary>o own, d department, a all (or, without a scope, yes), - no.</summary>
    public static IReadOnlyList<RightLine> All { get; } =
    [
        //                                     agent  supervisor  head  director  admin
        //                                       senior_agent reviewer marketing manager
        Scoped(Rights.WorkWithClients,         "a  a  a  a  a  a  a  a  a"),
        Plain(Rights.CreateClients,            "a  a  a  -  a  a  -  a  a"),
        Plain(Rights.SeeNumbers,               "a  a  a  -  a  a  a  a  a"),
        Plain(Rights.SeeSensitive,             "-  -  a  -  a  -  a  a  a"),
        Scoped(Rights.EditClients,             "o  d  a  -  d  -  -  a  a"),
        Scoped(Rights.ReassignClients,         "o  d  a  -  d  -  -  a  a"),
        Scoped(Rights.MergeClients,            "-  d  a  -  d  -  -  a  a"),
        Scoped(Rights.DeleteClients,           "-  -  a  -  d  -  -  a  a"),
        Scoped(Rights.ExportClients,           "-  -  a  -  d  a  a  a  a"),
        Plain(Rights.ImportClients,            "-  -  a  -  a  a  -  a  a"),
        Plain(Rights.SubmitForms,              "-  -  a  -  a  a  -  a  a"),
        Plain(Rights.TakeMails,                "-  -  a  -  a  a  -  a  a"),
        Scoped(Rights.ReviewCards,             "-  -  a  -  a  -  -  a  a"),
        Scoped(Rights.SeeDeals,                "a  a  a  a  a  a  a  a  a"),
        Scoped(Rights.CreateDeals,             "o  d  a  -  d  -  -  a  a"),
        Scoped(Rights.EditDeals,               "o  d  a  -  d  -  -  a  a"),
        Scoped(Rights.ReassignDeals,           "o  d  a  -  d  -  -  a  a"),
        Scoped(Rights.DeleteDeals,             "-  d  a  -  d  -  -  a  a"),
        Scoped(Rights.ExportDeals,             "-  -  a  -  d  a  a  a  a"),
        Scoped(Rights.SeeTasks,                "o  d  a  o  d  o  o  a  a"),
        Scoped(Rights.CreateTasks,             "o  d  a  o  d  o  o  a  a"),
        Scoped(Rights.EditTasks,               "o  d  a  o  d  o  o  a  a"),
        Scoped(Rights.ReassignTasks,           "o  d  a  -  d  -  -  a  a"),
        Scoped(Rights.DeleteTasks,             "o  d  a  o  d  o  o  a  a"),
        Scoped(Rights.ExportTasks,             "-  -  a  -  d  o  o  a  a"),
        Scoped(Rights.SeeCalls,                "o  d  a  a  d  -  a  a  a"),
        Plain(Rights.ExportCalls,              "-  -  a  -  a  -  a  a  a"),
        Scoped(Rights.EditCalls,               "-  -  a  -  d  -  -  -  a"),
        Scoped(Rights.ListenLive,              "-  -  a  -  d  -  -  -  a"),
        Scoped(Rights.Listen,                  "o  o  a  a  d  -  a  a  a"),
        Scoped(Rights.SeeBoard,                "-  -  a  -  d  -  a  a  a"),
        Scoped(Rights.Supervise,               "-  -  a  -  d  -  -  -  a"),
        Scoped(Rights.WorkMissed,              "o  d  a  -  d  -  a  a  a"),
        Plain(Rights.SeeMissedFigures,         "-  -  a  -  a  -  a  a  a"),
        Scoped(Rights.SeeReports,              "-  -  a  a  d  a  a  a  a"),
        Plain(Rights.ExportReports,            "-  -  a  -  a  a  a  a  a"),
        Scoped(Rights.SeeAudit,                "-  -  -  -  d  -  a  -  a"),
        Plain(Rights.WorkWithFiles,            "a  a  a  a  a  a  a  a  a"),
        Scoped(Rights.DeleteFiles,             "-  -  a  -  a  -  -  a  a"),
        Plain(Rights.SeeScripts,               "a  a  a  a  a  a  a  a  a"),
        Plain(Rights.EditScripts,              "-  -  -  -  -  -  -  a  a"),
        Plain(Rights.ManageBlocks,             "-  -  a  -  a  -  -  -  a"),
        Plain(Rights.Configure,                "-  -  -  -  -  -  -  -  a"),
    ];

    /// <summary>Policies for what an agent may do within a call of their own, and others by the right beside it.</summary>
    public static IReadOnlyList<(string Policy, string Right)> OrOwnCall { get; } =
    [
        (Rights.OpenCards, Rights.WorkWithClients), (Rights.SaveCards, Rights.EditClients), (Rights.WriteDrafts, Rights.SeeCalls),
        (Rights.ChangeDisposition, Rights.EditCalls), (Rights.MarkSpam, Rights.ManageBlocks),
    ];

    public static FrozenDictionary<string, RightLine> ByCode { get; } = All.ToFrozenDictionary(r => r.Code, StringComparer.Ordinal);

    public static string NameOf(RightScope scope) => scope switch { RightScope.Own => "own", RightScope.Department => "department", _ => "all" };

    public static RightScope? ScopeOf(string? name) => name switch { "own" => RightScope.Own, "department" => RightScope.Department, "all" => RightScope.All, _ => null };

    static RightLine Scoped(string code, string columns) => Line(code, true, columns);

    static RightLine Plain(string code, string columns) => Line(code, false, columns);

    static RightLine Line(string code, bool scoped, string columns)
    {
        var letters = columns.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var defaults = BuiltinRoles.Zip(letters).Where(c => c.Second != "-")
            .ToFrozenDictionary(c => c.First, c => c.Second switch { "o" => RightScope.Own, "d" => RightScope.Department, _ => RightScope.All }, StringComparer.Ordinal);
        return new RightLine(code, scoped, defaults);
    }
}
