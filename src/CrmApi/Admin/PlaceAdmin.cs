using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Admin;

/// <summary>Extensions with their devices, numbers that are dialled, and the lists that agents choose from.</summary>
internal static class PlaceAdmin
{
    public static void Map(IEndpointRouteBuilder admin)
    {
        admin.MapPut("/extensions/{node}/{number}", SaveExtensionAsync).WithName("SaveExtension").WithSummary("Make (version 0) or change an extension and its devices");
        admin.MapDelete("/extensions/{node}/{number}", DeleteExtensionAsync).WithName("DeleteExtension").WithSummary("Take an extension away; who sits there is signed out, a live call stays theirs");
        admin.MapPut("/numbers/{number}", SaveNumberAsync).WithName("SaveNumber").WithSummary("Make (version 0) or change a dialled number: its queue, name, greeting, source and language");
        admin.MapDelete("/numbers/{number}", DeleteNumberAsync).WithName("DeleteNumber").WithSummary("Take a dialled number away: its calls go to the PBX's default queue or its fallback");
        admin.MapPut("/pause-reasons", SavePausesAsync).WithName("SavePauseReasons").WithSummary("The reasons for a pause with their minutes a day, in order; what is left out is put away, old pauses keep its name");
        admin.MapPut("/dispositions", SaveDispositionsAsync).WithName("SaveDispositions").WithSummary("The outcomes of a wrap-up as a tree, with what follows from each, in order; what is left out is put away, old calls keep its name");
    }

    public static AdminWriter.Subject<ExtensionSetup> Extension(string node, string number) =>
        new("extension", $"{node}/{number}", v => v.Extensions.FirstOrDefault(e => e.Node == node && e.Number == number), e => e.Number, ContractsJson.Default.ExtensionSetup);

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> SaveExtensionAsync(string node, string number, ExtensionSetup extension, Person person, AdminWriter writer, CancellationToken cancel)
    {
        if (extension.Node != node || extension.Number != number) return Problems.Invalid("number", "node and number of the address");
        extension = extension with { Name = Texts.Clean(extension.Name).Trim() };
        return (await WriteAsync(extension, person, writer, cancel)).Answer();
    }

    public static Task<AdminWriter.Written> WriteAsync(ExtensionSetup extension, Person person, AdminWriter writer, CancellationToken cancel) =>
        writer.ChangeAsync(person, Extension(extension.Node, extension.Number), known => AdminRules.Check(extension, known), async change =>
        {
            var values = new
            {
                node = extension.Node,
                number = extension.Number,
                extension.Version,
                extension.Name,
                change.Domain,
                names = extension.Devices.Select(d => d.Name).ToArray(),
                answers = extension.Devices.Select(d => d.CanAnswer).ToArray(),
                holds = extension.Devices.Select(d => d.CanHold).ToArray(),
                autos = extension.Devices.Select(d => d.AutoAnswer).ToArray(),
            };
            var rows = extension.Version == 0
                ? await change.DoAsync("insert into extension (node, number, domain, name) values (@node, @number, @Domain, @Name) on conflict do nothing", values, cancel)
                : await change.DoAsync("update extension set name = @Name, version = version + 1 where node = @node and number = @number and domain = @Domain and version = @Version", values, cancel);
            if (rows > 0)
            {
                await change.DoAsync(
                    """
                    delete from device where node = @node and extension = @number;
                    insert into device (node, name, extension, can_answer, can_hold, auto_answer, position)
                    select @node, d.name, @number, d.can_answer, d.can_hold, d.auto_answer, d.n - 1 from unnest(@names, @answers, @holds, @autos) with ordinality as d(name, can_answer, can_hold, auto_answer, n)
                    """, values, cancel);
            }

            return change.Conflict(rows);
        }, cancel);

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> DeleteExtensionAsync(string node, string number, Person person, AdminWriter writer, CancellationToken cancel) =>
        (await writer.ChangeAsync(person, Extension(node, number), _ => new AdminRules.Errors(), async change =>
        {
            var values = new { node, number, change.Domain };
            await change.DoAsync("delete from device d using extension e where e.node = d.node and e.number = d.extension and e.domain = @Domain and d.node = @node and d.extension = @number", values, cancel);
            return change.Conflict(await change.DoAsync("delete from extension where node = @node and number = @number and domain = @Domain", values, cancel));
        }, cancel)).Answer();

    static AdminWriter.Subject<NumberSetup> Number(string number) => new("number", number, v => v.Numbers.FirstOrDefault(n => n.Number == number), n => n.Number, ContractsJson.Default.NumberSetup);

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> SaveNumberAsync(string number, NumberSetup setup, Person person, AdminWriter writer, CancellationToken cancel)
    {
        if (setup.Number != number) return Problems.Invalid("number", "the number of the address");
        setup = setup with
        {
            Name = Texts.Clean(setup.Name).Trim(),
            Source = Texts.Clean(setup.Source).Trim(),
            Greeting = Texts.Clean(setup.Greeting).Trim(),
            Campaign = setup.Campaign is { Length: > 0 } campaign ? campaign : null,
            Greetings = setup.Greetings?.Select(g => (g.Key, Text: Texts.Clean(g.Value).Trim())).Where(g => g.Text.Length > 0).ToDictionary(g => g.Key, g => g.Text, StringComparer.Ordinal),
        };
        return (await writer.ChangeAsync(person, Number(number), known => AdminRules.Check(setup, known), async change =>
        {
            var values = new { setup.Number, setup.Name, setup.Queue, setup.Source, setup.Language, setup.Greeting, setup.Campaign, setup.Version, change.Domain, greetings = JsonSerializer.Serialize(setup.Greetings ?? new Dictionary<string, string>(StringComparer.Ordinal)) };
            return change.Conflict(setup.Version == 0
                ? await change.DoAsync(
                    """
                    insert into dialled_number (number, domain, name, queue_id, source, language, greeting, greetings, campaign)
                    values (@Number, @Domain, @Name, @Queue, @Source, @Language, @Greeting, @greetings::jsonb, @Campaign) on conflict do nothing
                    """, values, cancel)
                : await change.DoAsync(
                    """
                    update dialled_number set name = @Name, queue_id = @Queue, source = @Source, language = @Language, greeting = @Greeting, greetings = @greetings::jsonb, campaign = @Campaign, version = version + 1
                    where number = @Number and domain = @Domain and version = @Version
                    """, values, cancel));
        }, cancel)).Answer();
    }

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> DeleteNumberAsync(string number, Person person, AdminWriter writer, CancellationToken cancel) =>
        (await writer.ChangeAsync(person, Number(number), _ => new AdminRules.Errors(),
            async change => change.Conflict(await change.DoAsync("delete from dialled_number where number = @number and domain = @Domain", new { number, change.Domain }, cancel)), cancel)).Answer();

    /// <summary>The list as a whole: whoever saves last has seen what the other left, or not; the change says which.</summary>
    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> SavePausesAsync(CodesSave save, Person person, AdminWriter writer, CancellationToken cancel)
    {
        save = new CodesSave([.. save.Items.Select(i => i with { Name = Texts.Clean(i.Name).Trim() })]);
        return (await writer.ChangeAsync(person, List("pause_reasons", v => v.PauseReasons), _ => AdminRules.CheckPauses(save), async change =>
        {
            var values = new { codes = save.Items.Select(i => i.Code).ToArray(), names = save.Items.Select(i => i.Name).ToArray(), allowances = save.Items.Select(i => i.Allowance_min).ToArray(), change.Domain };
            await change.DoAsync(
                """
                update pause_reason set retired = not code = any(@codes) where domain = @Domain;
                insert into pause_reason (domain, code, name, allowance_min, position)
                select @Domain, i.code, i.name, i.allowance_min, i.n from unnest(@codes, @names, @allowances) with ordinality as i(code, name, allowance_min, n)
                on conflict (domain, code) do update set name = excluded.name, allowance_min = excluded.allowance_min, position = excluded.position
                """, values, cancel);
            return null;
        }, cancel)).Answer();
    }

    static AdminWriter.Subject<CodesSave> List(string kind, Func<AdminView, IReadOnlyList<CodeSetup>> items) => new(kind, kind, v => new CodesSave(items(v)), _ => "", ContractsJson.Default.CodesSave);

    /// <summary>The tree as a whole, branches and leaves in order.</summary>
    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> SaveDispositionsAsync(CodesSave save, Person person, AdminWriter writer, CancellationToken cancel)
    {
        save = new CodesSave([.. save.Items.Select(i => i with { Name = Texts.Clean(i.Name).Trim(), Rule = Tidy(i.Rule) })]);
        return (await writer.ChangeAsync(person, List("dispositions", v => v.Dispositions), known => DispositionRules.Check(save, known), async change =>
        {
            foreach (var stage in save.Items.Select(i => i.Rule?.Stage).OfType<StageRule>().Distinct())
            {
                if (!await change.AnyAsync("select exists (select from stage where deal_type = @DealType and code = @Stage)", new { stage.DealType, stage.Stage }, cancel))
                    return Problems.Invalid("items", "stages that there are");
            }

            var values = new
            {
                codes = save.Items.Select(i => i.Code).ToArray(),
                names = save.Items.Select(i => i.Name).ToArray(),
                outcomes = save.Items.Select(i => i.Group ? "neutral" : i.Outcome ?? "").ToArray(),
                parents = save.Items.Select(i => i.Parent).ToArray(),
                groups = save.Items.Select(i => i.Group).ToArray(),
                queues = save.Items.Select(i => JsonSerializer.Serialize(i.Queues ?? [])).ToArray(),
                campaigns = save.Items.Select(i => JsonSerializer.Serialize(i.Campaigns ?? [])).ToArray(),
                rules = save.Items.Select(i => i.Rule is null ? null : JsonSerializer.Serialize(i.Rule, ContractsJson.Default.DispositionRule)).ToArray(),
            };
            await change.DoAsync(
                """
                update disposition set retired = not code = any(@codes), parent = null;
                insert into disposition (code, name, outcome, position, is_group, queues, rule, campaigns)
                select i.code, i.name, i.outcome, i.n, i.is_group, array(select q::uuid from jsonb_array_elements_text(i.queues::jsonb) q), i.rule::jsonb, array(select c from jsonb_array_elements_text(i.campaigns::jsonb) c)
                from unnest(@codes, @names, @outcomes, @groups, @queues, @rules, @campaigns) with ordinality as i(code, name, outcome, is_group, queues, rule, campaigns, n)
                on conflict (code) do update set name = excluded.name, outcome = excluded.outcome, position = excluded.position, is_group = excluded.is_group, queues = excluded.queues, rule = excluded.rule, campaigns = excluded.campaigns;
                update disposition d set parent = i.parent from unnest(@codes, @parents) as i(code, parent) where d.code = i.code and i.parent is not null
                """, values, cancel);
            return null;
        }, cancel)).Answer();
    }

    /// <summary>One that does nothing is none.</summary>
    static DispositionRule? Tidy(DispositionRule? rule)
    {
        static FollowUpRule? Clean(FollowUpRule? follow) => follow is null ? null : follow with { Title = Texts.Clean(follow.Title).Trim(), At = follow.At is { Length: > 0 } at ? at : null };
        var tidy = rule is null ? null : rule with { Task = Clean(rule.Task), Callback = Clean(rule.Callback) };
        return tidy == new DispositionRule() ? null : tidy;
    }
}
