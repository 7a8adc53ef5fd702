using System.Globalization;

namespace CallCrm.CallFlow.Demo;

/// <summary>What clients answered to the questions of a script's steps, beside the answers that lead from one step to the next. In the language of the talk.</summary>
internal static class DemoAnswers
{
    static readonly Dictionary<string, string[]> Problems = Words(
        ["The printer on the second floor does not start any more.", "The export stops halfway with an error.", "Two of the devices lose the network every evening.", "The display stays dark after the update."],
        ["La stampante al secondo piano non parte più.", "L'esportazione si ferma a metà con un errore.", "Due apparecchi perdono la rete ogni sera.", "Lo schermo resta nero dopo l'aggiornamento."],
        ["Принтер на втором этаже больше не включается.", "Выгрузка обрывается на середине с ошибкой.", "Два устройства каждый вечер теряют сеть.", "После обновления экран не загорается."]);

    static readonly Dictionary<string, string[]> Requests = Words(
        ["Wants to know when the invoice is due.", "Asks for a copy of the contract.", "The address for deliveries has changed.", "Would like to know what the extension costs."],
        ["Chiede quando scade la fattura.", "Vuole una copia del contratto.", "È cambiato l'indirizzo di consegna.", "Vuole sapere quanto costa l'estensione."],
        ["Хочет знать срок оплаты счёта.", "Просит копию договора.", "Изменился адрес доставки.", "Спрашивает, сколько стоит расширение."]);

    static readonly Dictionary<string, string[]> Complaints = Words(
        ["The delivery came a week late and nobody called.", "Charged twice for the same order.", "The technician did not come at the time agreed."],
        ["La consegna è arrivata con una settimana di ritardo e nessuno ha chiamato.", "Addebito doppio per lo stesso ordine.", "Il tecnico non è venuto all'ora concordata."],
        ["Доставка опоздала на неделю, и никто не позвонил.", "За один заказ списали дважды.", "Мастер не пришёл в назначенное время."]);

    static readonly Dictionary<string, string[]> Needs = Words(
        ["All branches should work with the same data.", "The old devices cost too much in repairs.", "Six new colleagues start in spring and need places.", "Orders should be written only once."],
        ["Tutte le filiali devono lavorare con gli stessi dati.", "Gli apparecchi vecchi costano troppo in riparazioni.", "In primavera arrivano sei colleghi e servono postazioni.", "Gli ordini vanno scritti una volta sola."],
        ["Все филиалы должны работать с одними данными.", "Ремонт старых устройств стоит слишком дорого.", "Весной придут шесть новых сотрудников, нужны места.", "Заказы нужно вносить один раз."]);

    static readonly Dictionary<string, string[]> Deciders = Words(["The owner", "The head of purchasing", "Nobody else"], ["Il titolare", "L'ufficio acquisti", "Nessun altro"], ["Владелец", "Отдел закупок", "Больше никто"]);

    static readonly Dictionary<string, string[]> Later = Words(["The budget comes only next quarter.", "The contract with another supplier runs until spring."],
        ["Il budget arriva solo il prossimo trimestre.", "Il contratto con un altro fornitore scade in primavera."], ["Бюджет будет только в следующем квартале.", "Договор с другим поставщиком действует до весны."]);

    /// <summary>A step's questions, most of them answered.</summary>
    public static void Add(Dictionary<string, string> answers, string step, DemoRandom random, string language, DateTimeOffset at)
    {
        var today = DateOnly.FromDateTime(at.UtcDateTime);
        switch (step)
        {
            case "what": Say("problem_words", Problems); break;
            case "facts":
                answers["since"] = Day(-1 - random.Next(12));
                if (random.Percent(55)) answers["reference"] = string.Create(CultureInfo.InvariantCulture, $"SN-{random.Next(90000) + 10000}");
                break;
            case "order":
                answers["order_number"] = string.Create(CultureInfo.InvariantCulture, $"A-{random.Next(9000) + 1000}");
                if (random.Percent(60)) answers["order_day"] = Day(1 + random.Next(9));
                break;
            case "promise": answers["promise_day"] = Day(1 + random.Next(5)); break;
            case "check":
                if (random.Percent(80)) answers["satisfaction"] = Grade();
                answers["more"] = random.Percent(14) ? "yes" : "no";
                break;
            case "service": Say("request_words", Requests); break;
            case "complaint": Say("complaint_words", Complaints); break;
            case "review": if (random.Percent(85)) answers["satisfaction"] = Grade(); break;
            case "keep_in_touch": answers["ask_again"] = Day(60 + random.Next(120)); break;
            case "need":
                Say("need_words", Needs);
                answers["need_kind"] = random.One<string>(["new_project", "extension", "extension", "renewal"]);
                break;
            case "qualify":
                if (random.Percent(85)) answers["quantity"] = Text(1 + random.Next(40));
                if (random.Percent(60)) answers["budget"] = Text((5 + random.Next(60)) * 500);
                if (random.Percent(65)) answers["start"] = Day(20 + random.Next(100));
                if (random.Percent(50)) Say("who_decides", Deciders);
                break;
            case "open_deal": if (random.Percent(70)) answers["expected_amount"] = Text((4 + random.Next(50)) * 500); break;
            case "appointment": answers["appointment_day"] = Day(3 + random.Next(12)); break;
            case "later":
                answers["later_day"] = Day(60 + random.Next(60));
                Say("later_why", Later);
                break;
        }

        void Say(string question, Dictionary<string, string[]> words) => answers[question] = random.One(words[language]);
        string Day(int after) => today.AddDays(after).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        string Grade() => Text(random.Percent(12) ? random.Next(7) : 7 + random.Next(4));
    }

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    static Dictionary<string, string[]> Words(string[] en, string[] it, string[] ru) => new(StringComparer.Ordinal) { ["en"] = en, ["it"] = it, ["ru"] = ru };
}
