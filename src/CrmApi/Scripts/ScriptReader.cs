using System.Security.Cryptography;
using System.Text;
using CallCrm.CallFlow;
using CallCrm.Contracts;

namespace CallCrm.CrmApi.Scripts;

/// <param name="Script">Null when anything is wrong.</param>
/// <param name="Id">The id the file claims, even when it is broken elsewhere.</param>
internal sealed record ScriptReading(Script? Script, string? Id, IReadOnlyList<ScriptProblem> Problems);

/// <summary>A script file's bytes into a checked <see cref="Script"/>, or into all that is wrong with it. Pure.</summary>
internal sealed class ScriptReader
{
    /// <summary>Bytes a file may have; the longest real scripts have 20,000.</summary>
    public const int MaxBytes = 256 * 1024;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly Dictionary<string, ClientKind> ClientWords = new(StringComparer.Ordinal) { ["new"] = ClientKind.New, ["known"] = ClientKind.Known };
    private static readonly Dictionary<string, DealPresence> DealWords = new(StringComparer.Ordinal) { ["none"] = DealPresence.None, ["open"] = DealPresence.Open };
    private static readonly Dictionary<string, ScriptDirection> DirectionWords = new(StringComparer.Ordinal) { ["inbound"] = ScriptDirection.Inbound, ["outbound"] = ScriptDirection.Outbound };

    private static readonly Dictionary<string, QuestionKind> KindWords = new(StringComparer.Ordinal)
    {
        ["text"] = QuestionKind.Text,
        ["choice"] = QuestionKind.Choice,
        ["yes/no"] = QuestionKind.YesNo,
        ["number"] = QuestionKind.Number,
        ["money"] = QuestionKind.Money,
        ["date"] = QuestionKind.Date,
        ["choices"] = QuestionKind.Choices,
    };

    private readonly ProblemList _problems;
    private string _language = "";

    private ScriptReader(ProblemList problems) => _problems = problems;

    /// <summary>The version of a file: what its bytes say, nothing else.</summary>
    public static string VersionOf(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes))[..12];

    /// <param name="fields">The site's own, where they are known: then what does not fit them is reported too.</param>
    /// <param name="campaigns">The codes of the site's campaigns, where they are known.</param>
    public static ScriptReading Read(string file, ReadOnlySpan<byte> bytes, ScriptShape shape, IReadOnlyList<CustomField>? fields = null, IReadOnlyCollection<string>? campaigns = null)
    {
        var problems = new ProblemList(file);
        Script? script = null;
        if (bytes.Length > MaxBytes)
        {
            problems.Add(Place.Start, $"the file has more than {MaxBytes:N0} bytes, expected at most that");
        }
        else if (Decode(bytes, problems) is { } text && YamlTree.Read(text, problems) is { } root)
        {
            script = new ScriptReader(problems).Script(root, file, bytes.ToArray());
        }

        if (script is not null) ScriptRules.Check(script, shape, problems);
        if (script is not null && fields is not null) ScriptSite.Check(script, fields, problems);
        if (script is not null && campaigns is not null) ScriptSite.CheckCampaigns(script, campaigns, problems);
        return new ScriptReading(problems.Any ? null : script, script?.Id is { Length: > 0 } id ? id : null, problems.InOrder());
    }

    private static string? Decode(ReadOnlySpan<byte> bytes, ProblemList problems)
    {
        try
        {
            return StrictUtf8.GetString(bytes).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException e)
        {
            var line = 1 + bytes[..Math.Clamp(e.Index, 0, bytes.Length)].Count((byte)'\n');
            problems.Add(new Place(line, 1), "bytes that are not UTF-8, expected a file saved as UTF-8");
            return null;
        }
    }

    private Script? Script(YamlNode root, string file, byte[] source)
    {
        var keys = new KeyReader(root, "a script", _problems);
        if (!keys.Usable) return null;

        var id = keys.Code("id", required: true) ?? "";
        var title = keys.Text("title", required: true) ?? "";
        var language = _language = Language(keys);
        var priority = keys.Whole("priority", -1000, 1000) ?? 0;
        keys.Text("about", most: 2000);
        var conditions = Conditions(keys.Node("for", required: true));
        var greeting = keys.Lines("greeting", required: true);
        var start = keys.Target("start");
        var steps = Steps(keys.List("steps", required: true));
        var objections = keys.List("objections").Select(Objection).ToArray();
        keys.RefuseOthers();

        return new Script(
            file, id, keys.KeyAt("id"), VersionOf(source), title, language, priority, conditions, greeting,
            start?.Step ?? (steps.Count > 0 ? steps[0].Id : ""), start?.At ?? keys.KeyAt("steps"),
            steps, keys.KeyAt("steps"), objections)
        {
            Source = source,
        };
    }

    private string Language(KeyReader keys)
    {
        var text = keys.TextNode("language", required: true);
        if (text is null) return "";
        if (text.Value.Length == 2 && text.Value.All(char.IsAsciiLetterLower)) return text.Value;
        _problems.Add(text.At, $"\"language\" is \"{text.Value}\", expected two small letters of ISO 639-1 such as en, it, ru");
        return "";
    }

    private ScriptConditions Conditions(YamlNode? node)
    {
        if (node is null) return new ScriptConditions(null, null, null, [], [], [], []);
        var keys = new KeyReader(node, "\"for\"", _problems);
        var conditions = new ScriptConditions(
            keys.OneOf("client", ClientWords),
            keys.OneOf("deal", DealWords),
            keys.OneOf("direction", DirectionWords),
            keys.Names("queue"),
            keys.Codes("segment"),
            keys.Codes("deal_type"),
            keys.Codes("deal_stage"))
        {
            Campaigns = keys.Codes("campaign"),
            CampaignsAt = keys.KeyAt("campaign"),
            Where = ConditionReader.Read(keys.Node("where"), "where", _problems),
        };
        keys.RefuseOthers();

        if (conditions.Deal is DealPresence.None && conditions.DealTypes.Count + conditions.DealStages.Count > 0)
        {
            _problems.Add(keys.KeyAt("deal"), "\"deal: none\" beside a deal type or stage can never fit, expected one or the other");
        }

        if (conditions.Client is ClientKind.New && (conditions.Deal is DealPresence.Open || conditions.DealTypes.Count + conditions.DealStages.Count > 0))
        {
            _problems.Add(keys.KeyAt("client"), "a new client has no deal, expected \"client: known\" beside conditions on a deal");
        }

        return conditions;
    }

    private List<Step> Steps(IReadOnlyList<YamlNode> nodes)
    {
        var steps = new List<Step>();
        foreach (var node in nodes)
        {
            var keys = new KeyReader(node, "a step", _problems);
            var id = keys.Code("id", required: true) ?? "";
            var title = keys.Text("title", required: true, most: 60) ?? "";
            var say = keys.Lines("say");
            var hint = keys.Text("hint", most: 500);
            var questions = keys.List("questions", most: 20).Select(Question).ToArray();
            var next = keys.Target("goto");
            var when = ConditionReader.Read(keys.Node("when"), "when", _problems);
            var branches = keys.List("branches", most: MostBranches).Select(Branch).OfType<StepBranch>().ToArray();
            keys.RefuseOthers();
            if (keys.Usable && say.Count == 0 && questions.Length == 0)
            {
                _problems.Add(keys.At, "a step that says and asks nothing, expected \"say:\" or \"questions:\"");
            }

            steps.Add(new Step(id, keys.At, title, say, hint, questions, next ?? new Target(Scripts.Script.End, keys.At)) { When = when, Branches = branches });
            // Without a goto of its own the step before leads here.
            if (steps.Count > 1 && !_ownGoto) steps[^2] = steps[^2] with { Default = new Target(id, keys.At) };
            _ownGoto = next is not null;
        }

        return steps;
    }

    private bool _ownGoto = true;

    private const int MostBranches = 20;

    private StepBranch? Branch(YamlNode node)
    {
        var keys = new KeyReader(node, "a branch", _problems);
        var when = ConditionReader.Read(keys.Node("when", required: true), "when", _problems);
        keys.Node("goto", required: true);
        var next = keys.Target("goto");
        keys.RefuseOthers();
        return next is null ? null : new StepBranch(when, keys.At, next);
    }

    private Question Question(YamlNode node)
    {
        var keys = new KeyReader(node, "a question", _problems);
        var id = keys.Code("id", required: true) ?? "";
        var ask = keys.Line("ask", required: true) ?? new SpokenLine([]);
        var kind = keys.OneOf("kind", KindWords, required: true);
        var required = keys.Flag("required") ?? false;
        var hint = keys.Text("hint", most: 500);
        var field = keys.TextNode("fills");
        var min = keys.Number("min");
        var max = keys.Number("max");
        // The options of one of the site's own fields are its own.
        var open = field is not null && ScriptFields.IsCustom(field.Value);
        var answers = keys.List("answers", required: kind is QuestionKind.Choice or QuestionKind.Choices && !open, most: 30).Select(a => Answer(a)).ToList();
        keys.RefuseOthers();

        if (kind is { } known)
        {
            CheckField(field, known);
            foreach (var answer in answers.Where(a => field is not null && a.Id.Length > 0)) CheckValue(field!.Value, answer.Value, answer.At);
            CheckRange(keys, known, min, max);
            CheckAnswers(keys, known, answers);
            if (known is QuestionKind.YesNo) answers = YesAndNo(answers, keys.At);
        }

        // An answer that decides the way cannot be left out.
        required |= answers.Any(a => a.Goto is not null);
        return new Question(id, keys.At, ask, kind ?? QuestionKind.Text, required, hint, field?.Value, min, max, answers) { FieldAt = field?.At ?? keys.At };
    }

    private void CheckField(YamlText? field, QuestionKind kind)
    {
        if (field is null || ScriptFields.IsCustom(field.Value)) return;
        if (!ScriptFields.Fillable.TryGetValue(field.Value, out var form))
        {
            _problems.Add(field.At, $"unknown field \"{field.Value}\"{Nearest.Hint(field.Value, ScriptFields.Fillable.Keys.Order(StringComparer.Ordinal))}");
        }
        else if (!ScriptFields.Takes(form, kind))
        {
            _problems.Add(field.At, $"field \"{field.Value}\" cannot take the answers of a {Word(kind)} question, expected kind: {Word(form)}");
        }
    }

    private void CheckRange(KeyReader keys, QuestionKind kind, decimal? min, decimal? max)
    {
        if (min is null && max is null) return;
        var at = keys.KeyAt(min is null ? "max" : "min");
        if (kind is not (QuestionKind.Number or QuestionKind.Money))
        {
            _problems.Add(at, $"\"min\" and \"max\" beside kind: {Word(kind)}, expected them with number or money only");
        }
        else if (min > max)
        {
            _problems.Add(at, $"\"min\" {min} is above \"max\" {max}, expected it at or below");
        }
    }

    private void CheckAnswers(KeyReader keys, QuestionKind kind, List<Answer> answers)
    {
        var at = keys.KeyAt("answers");
        switch (kind)
        {
            case QuestionKind.Choice or QuestionKind.Choices when answers.Count == 1:
                _problems.Add(at, "a choice of one answer, expected at least two");
                break;
            case QuestionKind.Choices:
                foreach (var answer in answers.Where(a => a.Goto is not null || a.Sets.Count > 0))
                {
                    _problems.Add(answer.At, $"answer \"{answer.Id}\" to a question with several answers leads on or sets fields, expected that with choice or yes/no only");
                }

                break;
            case QuestionKind.YesNo:
                foreach (var answer in answers.Where(a => a.Id is not ("yes" or "no" or "")))
                {
                    _problems.Add(answer.At, $"answer \"{answer.Id}\" to a yes/no question, expected yes or no");
                }

                break;
            case not QuestionKind.Choice when answers.Count > 0:
                _problems.Add(at, $"\"answers\" beside kind: {Word(kind)}, expected them with choice, choices or yes/no only");
                break;
            default:
                break;
        }

        foreach (var twice in answers.Where(a => a.Id.Length > 0).GroupBy(a => a.Id, StringComparer.Ordinal).Where(g => g.Skip(1).Any()))
        {
            _problems.Add(twice.Last().At, $"answer id \"{twice.Key}\" is used twice, expected another id here");
        }
    }

    private Answer Answer(YamlNode node)
    {
        var keys = new KeyReader(node, "an answer", _problems);
        var id = keys.Code("id", required: true) ?? "";
        var label = keys.Text("label", most: 80) ?? "";
        var value = keys.Text("value", most: 200) ?? id;
        var next = keys.Target("goto");
        var sets = Sets(keys.Node("sets"));
        keys.RefuseOthers();
        if (label.Length == 0 && keys.Usable)
        {
            if (id is "yes" or "no") label = YesOrNo(id);
            else keys.Node("label", required: true);
        }

        return new Answer(id, keys.At, label, value, next, sets);
    }

    /// <summary>A yes/no question has both answers, whether they are written or not, yes first.</summary>
    private List<Answer> YesAndNo(List<Answer> written, Place at) =>
    [
        .. new[] { "yes", "no" }.Select(id => written.Find(a => a.Id == id) ?? new Answer(id, at, YesOrNo(id), id, null, [])),
    ];

    private List<FieldValue> Sets(YamlNode? node)
    {
        if (node is null) return [];
        if (node is not YamlMap map)
        {
            _problems.Add(node.At, $"\"sets\" is {node.Kind}, expected fields and their values such as \"call.topic: support\"");
            return [];
        }

        var sets = new List<FieldValue>();
        foreach (var (key, value) in map.Entries)
        {
            if (ScriptFields.IsCustom(key.Value))
            {
                if (value is YamlText { Scalar: not YamlScalar.Nothing } given) sets.Add(new FieldValue(key.Value, given.Scalar == YamlScalar.Flag ? bool.Parse(given.Value) ? "yes" : "no" : given.Value.Trim()));
                else _problems.Add(value.At, $"field \"{key.Value}\" is set to {value.Kind}, expected a value");
            }
            else if (!ScriptFields.Fillable.TryGetValue(key.Value, out var form))
            {
                _problems.Add(key.At, $"unknown field \"{key.Value}\"{Nearest.Hint(key.Value, ScriptFields.Fillable.Keys.Order(StringComparer.Ordinal))}");
            }
            else if (form is QuestionKind.Date)
            {
                _problems.Add(key.At, $"field \"{key.Value}\" is a date, which a script cannot know beforehand, expected a date question");
            }
            else if (value is not YamlText { Scalar: not YamlScalar.Nothing } text || ScriptValue.Canonical(form, text.Value) is not { } canonical)
            {
                _problems.Add(value.At, $"field \"{key.Value}\" is set to {value.Kind}, expected {(form is QuestionKind.YesNo ? "yes or no" : "a " + Word(form))}");
            }
            else
            {
                CheckValue(key.Value, canonical, value.At);
                sets.Add(new FieldValue(key.Value, canonical));
            }
        }

        return sets;
    }

    private void CheckValue(string field, string value, Place at)
    {
        if (ScriptFields.ValuesOf(field) is { } values && !values.Contains(value, StringComparer.Ordinal))
            _problems.Add(at, $"field \"{field}\" is set to \"{value}\", expected one of: {string.Join(", ", values)}");
    }

    private Objection Objection(YamlNode node)
    {
        var keys = new KeyReader(node, "an objection", _problems);
        var objection = new Objection(
            keys.Code("id", required: true) ?? "",
            keys.At,
            keys.Text("when", required: true, most: 80) ?? "",
            keys.Lines("say", required: true),
            keys.Text("hint", most: 500),
            keys.Target("goto"));
        keys.RefuseOthers();
        return objection;
    }

    public static string Word(QuestionKind kind) => KindWords.First(w => w.Value == kind).Key;

    /// <summary>What the agent reads on the button, in the script's language.</summary>
    private string YesOrNo(string id) => (_language, id) switch
    {
        ("it", "yes") => "Sì",
        ("ru", "yes") => "Да",
        ("ru", _) => "Нет",
        (_, "yes") => "Yes",
        _ => "No",
    };
}
