using Dapper;
using Npgsql;

namespace CallCrm.CallFlow.Demo;

/// <summary>A past call of the demo whose sound is still to be made.</summary>
/// <param name="Stem">Of its files, as the PBX would have named them.</param>
/// <param name="EndedAt">When the PBX would have closed them.</param>
public sealed record DemoTalk(string Stem, string Language, int Duration_ms, DateTimeOffset EndedAt, IReadOnlyList<DemoTalkLine> Lines);

/// <param name="Side">client or agent.</param>
public sealed record DemoTalkLine(string Side, int From_ms, int To_ms, string Text);

/// <summary>
/// What was said in some of the last days' calls, in the client's language: invented, as no speech recognition runs in the demo. Their sound is made when the
/// host runs, and comes in as any recording does.
/// </summary>
public static class DemoTalks
{
    /// <summary>Of the transcripts that are the demo's own.</summary>
    public const string Model = "demo";

    const int Most = 15;

    /// <summary>Each of the three languages is to be heard, whatever chance made the newest calls.</summary>
    const int MostInOne = Most / 3;
    const int Char_ms = 62;
    const int Breath_ms = 700;

    /// <summary>After the history: the newest calls that are long enough and short enough for one of the conversations.</summary>
    internal static async Task FillAsync(NpgsqlConnection connection, DemoHistory history, List<DemoClient> clients, DateTimeOffset now, CancellationToken ct)
    {
        var languages = clients.ToDictionary(c => c.Id, c => c.Language ?? "en");
        var legs = history.Legs.Where(l => l.IsClient).GroupBy(l => l.CallId).ToDictionary(g => g.Key, g => g.First());
        var made = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var call in history.Calls.Where(c => c is { AnsweredAt: not null, EndedAt: not null, QueueId: not null }).OrderByDescending(c => c.StartedAt))
        {
            if (made.Values.Sum() == Most) break;
            var language = languages.GetValueOrDefault(call.ClientId ?? Guid.Empty, "en");
            if (made.GetValueOrDefault(language) == MostInOne) continue;
            var begins = (int)(call.AnsweredAt!.Value - call.StartedAt).TotalMilliseconds;
            var duration = (int)(call.EndedAt!.Value - call.StartedAt).TotalMilliseconds;
            if (call.HoldMs > 0 || duration > 240_000 || Conversation(DemoCompany.Queues.First(q => q.Id == call.QueueId).Name, language, begins) is not { } lines || lines[^1].To_ms > duration
                || !legs.TryGetValue(call.Id, out var leg))
                continue;
            await InsertAsync(connection, new { id = Guid.CreateVersion7(call.StartedAt), call = call.Id, leg.Node, unique = leg.UniqueId, at = call.EndedAt.Value.UtcDateTime, now = now.UtcDateTime }, language, lines, ct);
            made[language] = made.GetValueOrDefault(language) + 1;
        }
    }

    static async Task InsertAsync(NpgsqlConnection connection, object key, string language, List<DemoTalkLine> lines, CancellationToken ct)
    {
        var parameters = new DynamicParameters(key);
        parameters.AddDynamicParams(new
        {
            language,
            Model,
            opening = string.Join(" – ", lines.Take(3).Select(l => l.Text)),
            words = SaidWords.Of(lines.Select(l => l.Text)),
            sides = lines.ConvertAll(l => l.Side).ToArray(),
            from = lines.ConvertAll(l => l.From_ms).ToArray(),
            to = lines.ConvertAll(l => l.To_ms).ToArray(),
            texts = lines.ConvertAll(l => l.Text).ToArray(),
        });
        await connection.ExecuteAsync(new CommandDefinition(
            """
            update call_leg set recorded = true where node = @Node and unique_id = @unique;
            insert into recording (id, node, pbx_unique_id, call_id, status, created_at) values (@id, @Node, @unique, @call, 'pending', @at);
            insert into transcript (recording_id, state, model, language, opening, words, created_at, finished_at) values (@id, 'done', @Model, @language, @opening, @words, @now, @at);
            insert into transcript_line (recording_id, n, side, from_ms, to_ms, text)
            select @id, l.n, l.side, l.from_ms, l.to_ms, l.text from unnest(@sides, @from, @to, @texts) with ordinality l (side, from_ms, to_ms, text, n);
            """, parameters, cancellationToken: ct));
    }

    /// <summary>Those whose sound is not there yet; none outside the demo.</summary>
    public static async Task<IReadOnlyList<DemoTalk>> AwaitedAsync(NpgsqlDataSource source, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            """
            select r.node || '-' || r.pbx_unique_id as stem, t.language, (extract(epoch from c.ended_at - c.started_at) * 1000)::int as duration_ms, c.ended_at, l.side, l.from_ms, l.to_ms, l.text
            from transcript t join recording r on r.id = t.recording_id join call c on c.id = r.call_id join transcript_line l on l.recording_id = r.id
            where t.model = @Model and r.status in ('pending', 'missing') order by r.created_at desc, l.n
            """, new { Model }, cancellationToken: ct));
        return [.. rows.GroupBy(r => r.Stem, StringComparer.Ordinal).Select(g => g.First() is var one
            ? new DemoTalk(g.Key, one.Language, one.Duration_ms, one.EndedAt, [.. g.Select(l => new DemoTalkLine(l.Side, l.From_ms, l.To_ms, l.Text))]) : null!)];
    }

    sealed record Row(string Stem, string Language, int Duration_ms, DateTimeOffset EndedAt, string Side, int From_ms, int To_ms, string Text);

    /// <summary>They take turns, the agent first.</summary>
    static List<DemoTalkLine>? Conversation(string queue, string language, int begins_ms)
    {
        if (!Conversations.TryGetValue($"{queue} {language}", out var said)) return null;
        var (lines, at) = (new List<DemoTalkLine>(), begins_ms + Breath_ms);
        foreach (var (text, n) in said.Select((t, n) => (t, n)))
        {
            lines.Add(new DemoTalkLine(n % 2 == 0 ? "agent" : "client", at, at + (text.Length * Char_ms), text));
            at = lines[^1].To_ms + Breath_ms;
        }

        return lines;
    }

    static readonly Dictionary<string, string[]> Conversations = new(StringComparer.Ordinal)
    {
        ["Sales it"] =
        [
            "Buongiorno, ufficio vendite, come posso aiutarLa?", "Buongiorno, vorrei un preventivo per cinque apparecchi D40.", "Certo. Li vuole con l'installazione?", "Sì, e con il contratto di assistenza per un anno.",
            "Le mando l'offerta oggi via posta elettronica.", "Perfetto. C'è uno sconto se ne prendiamo dieci?", "Da dieci in su è il sette per cento.", "Allora ne parlo con il titolare e La richiamo giovedì.", "Benissimo, buona giornata.",
        ],
        ["Support it"] =
        [
            "Servizio clienti, buongiorno, mi dica.", "Buongiorno, il terminale non si accende più da ieri.", "Ha già provato a staccarlo per un minuto?", "Sì, due volte, ma resta tutto spento.",
            "Allora è l'alimentatore. Gliene spedisco uno nuovo oggi.", "Grazie, quanto ci mette ad arrivare?", "Due giorni, ed è in garanzia.", "Va bene, grazie mille.",
        ],
        ["Billing it"] =
        [
            "Amministrazione, buongiorno.", "Buongiorno, la fattura è arrivata al vecchio indirizzo.", "Mi dispiace. Il nuovo indirizzo è sulla scheda?", "No, ci siamo trasferiti a marzo.", "Lo correggo e Le rimando la fattura oggi.", "Grazie, e le prossime solo per posta elettronica.", "Segnato. Buona giornata.",
        ],
        ["Sales ru"] =
        [
            "Добрый день, отдел продаж, чем могу помочь?", "Здравствуйте, нам нужны пять аппаратов для нового офиса.", "Хорошо. С установкой или без?", "С установкой, и посчитайте, пожалуйста, обслуживание на год.",
            "Сегодня же пришлю предложение на почту.", "Если возьмём десять, будет скидка?", "От десяти штук семь процентов.", "Тогда я согласую с директором и перезвоню в четверг.", "Договорились, хорошего дня.",
        ],
        ["Support ru"] =
        [
            "Служба поддержки, здравствуйте.", "Добрый день, после обновления терминал не запускается.", "Попробуйте, пожалуйста, отключить его на минуту.", "Уже пробовали, экран так и остаётся чёрным.",
            "Тогда дело в блоке питания, вышлем новый сегодня.", "Спасибо. Это по гарантии?", "Да, по гарантии, доставка два дня.", "Отлично, будем ждать.",
        ],
        ["Billing ru"] =
        [
            "Бухгалтерия, добрый день.", "Здравствуйте, нам дважды выставили один и тот же счёт.", "Сейчас посмотрю. Да, второй мы отменим.", "Деньги по нему уже ушли вчера.", "Вернём их в течение трёх дней.", "Хорошо, пришлите, пожалуйста, подтверждение.", "Сегодня же пришлю.",
        ],
        ["Sales en"] =
        [
            "Good day, sales team, how can I help you?", "Hello, I would like a quote for five D40 devices.", "Certainly. With installation?", "Yes, and with a service contract for a year, please.",
            "I will send you the offer by mail today.", "Is there a discount if we take ten?", "Seven per cent from ten on.", "Then I will talk to my partner and ring back on Thursday.", "Very well, have a nice day.",
        ],
        ["Support en"] =
        [
            "Customer service, good day.", "Hello, our terminal has not started since the update.", "Have you unplugged it for a minute?", "Twice, and the screen stays black.",
            "Then it is the power supply. I will send you a new one today.", "Thank you. Is that under warranty?", "It is, and it takes two days.", "Great, thanks a lot.",
        ],
        ["Billing en"] =
        [
            "Accounting, good day.", "Hello, you have charged us twice for the same invoice.", "Let me look. Yes, I see it. I am sorry.", "When do we get it back?", "Within three days, and I will confirm it by mail.", "Thank you, that is all.", "Have a nice day.",
        ],
    };
}
