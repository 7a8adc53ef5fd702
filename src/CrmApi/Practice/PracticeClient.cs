using CallCrm.Contracts;
using CallCrm.CrmApi.Scripts;

namespace CallCrm.CrmApi.Practice;

/// <summary>A client who does not exist, such as the script is made for. Pure: the same turn is the same client.</summary>
internal static class PracticeClient
{
    sealed record Person(string Name, string Company, string City, string Deal, string Note);

    static readonly Person[] English =
    [
        new("Emma Hughes", "Hughes Garden Design", "Bristol", "Irrigation for two gardens", "Asked for references of similar gardens."),
        new("Oliver Grant", "", "Leeds", "Kitchen worktop", "Prefers calls in the morning."),
        new("Priya Nair", "Nair & Daughters", "London", "Yearly supply of paper", "Needs the invoice in the name of the branch."),
        new("Thomas O’Neill", "O’Neill Transport", "Liverpool", "Service of six vans", "Was not happy with the last delivery date."),
    ];

    static readonly Person[] Italian =
    [
        new("Chiara Fontana", "Fontana Giardini", "Verona", "Irrigazione di due giardini", "Ha chiesto referenze di giardini simili."),
        new("Paolo Marchetti", "", "Torino", "Piano per la cucina", "Preferisce essere chiamato al mattino."),
        new("Elisa De Santis", "De Santis & Figlie", "Roma", "Fornitura annua di carta", "La fattura va intestata alla filiale."),
        new("Matteo Ruggeri", "Ruggeri Trasporti", "Bari", "Revisione di sei furgoni", "Non era contento dell’ultima consegna."),
    ];

    static readonly Person[] Russian =
    [
        new("Ольга Смирнова", "Сады Смирновых", "Тверь", "Полив двух садов", "Просила примеры похожих садов."),
        new("Денис Орлов", "", "Казань", "Столешница для кухни", "Удобнее звонить утром."),
        new("Вера Лебедева", "Лебедева и дочери", "Москва", "Годовая поставка бумаги", "Счёт нужен на филиал."),
        new("Игорь Волков", "Волков Транс", "Пермь", "Обслуживание шести фургонов", "Был недоволен сроком прошлой поставки."),
    ];

    public static bool Fits(Script script) => script.For.Direction != ScriptDirection.Outbound;

    /// <summary>Of the numbers that are kept for plays and belong to nobody.</summary>
    public static string Number(int turn) => $"+44207946{turn % 1000:0000}";

    public static ClientCardView Invent(Script script, int turn, string agent, DateTimeOffset now)
    {
        var people = script.Language switch { "it" => Italian, "ru" => Russian, _ => English };
        var who = people[turn % people.Length];
        var number = Number(turn);
        var phone = new PhoneView(number, CallFlow.PhoneNumbers.Format(number, "en"), "", true);
        // Nobody knows a new caller's name before the talk.
        var known = script.For.Client != ClientKind.New;
        var segment = script.For.Segments.Count > 0 ? script.For.Segments[0] : null;
        return new ClientCardView(Guid.NewGuid(), 0, known && who.Company.Length > 0 ? "company" : "person", known ? who.Name : "", known ? who.Company : "", "", known ? who.City : "", "", script.Language,
            segment, segment, "", "", null, known ? agent : null, known, 1, [phone], HasDeal(script.For) ? [Deal(script.For, who, agent, now)] : [],
            known ? new LastCallView(Guid.Empty, now.AddDays(-12), agent, 214, null, who.Note) : null, now.AddMonths(known ? -8 : 0));
    }

    static bool HasDeal(ScriptConditions conditions) => conditions.Deal == DealPresence.Open || conditions.DealTypes.Count > 0 || conditions.DealStages.Count > 0;

    static DealView Deal(ScriptConditions conditions, Person who, string agent, DateTimeOffset now)
    {
        var (type, stage) = (First(conditions.DealTypes, "deal"), First(conditions.DealStages, "open"));
        return new DealView(Guid.NewGuid(), 0, type, type, stage, stage, who.Deal, 1850, "EUR", agent, now.AddDays(-6), 1);
    }

    static string First(IReadOnlyList<string> values, string other) => values.Count > 0 ? values[0] : other;
}
