using System.Globalization;
using System.Text;
using CallCrm.Contracts;
using CallCrm.CrmApi.Reports;

namespace CallCrm.CrmApi.Scripts;

/// <summary>The report of a script as the other reports are written: a line for each way or answer with each of its dispositions and moves of deals, then a line for each step.</summary>
internal static class ScriptReportCsv
{
    public static string Write(ScriptReportView view)
    {
        var text = new StringBuilder("of,way,question,answer,finished,calls,led_to,code,name,deal_type,stage_before,stage_after,outcome,result_calls,left_here,went_back,timed,average_s,median_s\r\n");
        foreach (var p in view.Paths)
            Results(text, ["way", string.Join(" > ", p.Steps.Select(s => s.Name)), null, null, p.Finished ? "yes" : "no", p.Calls], p.Dispositions, p.Stages ?? []);
        foreach (var a in view.Answers ?? [])
            Results(text, ["answer", null, a.Question.Name, a.Answer.Name, null, a.Calls], a.Dispositions, a.Stages);
        foreach (var s in view.Steps)
            Line(text, ["step", s.Title, null, null, null, s.Calls, null, null, null, null, null, null, null, null, s.LeftHere, s.Backs, s.Timed, s.Average_s, s.Median_s]);
        return text.ToString();
    }

    static void Results(StringBuilder text, object?[] head, IReadOnlyList<ScriptOutcomeRow> dispositions, IReadOnlyList<ScriptStageRow> stages)
    {
        foreach (var d in dispositions) Line(text, [.. head, "disposition", d.Code, d.Name, null, null, null, d.Outcome, d.Calls, null, null, null, null, null]);
        foreach (var s in stages) Line(text, [.. head, "stage", s.After.Code, s.After.Name, s.DealType.Name, s.Before?.Name, s.After.Name, s.Outcome, s.Calls, null, null, null, null, null]);
    }

    static void Line(StringBuilder text, object?[] cells) =>
        text.AppendJoin(',', cells.Select(c => c is string words ? ReportCsv.Text(words) : Convert.ToString(c, CultureInfo.InvariantCulture))).Append("\r\n");
}
