namespace CallCrm.CallFlow.Demo;

/// <summary>Word lists that names, companies, cities and notes are put together from.</summary>
internal static class DemoNames
{
    public sealed record Country(string Language, string[] Men, string[] Women, string[] Families, string[] WomenFamilies, string[] Cities, string[] Companies, string[] Forms, string Mail);

    public static readonly Country Italy = new("it",
        ["Marco", "Luca", "Andrea", "Matteo", "Lorenzo", "Alessandro", "Davide", "Simone", "Stefano", "Paolo", "Giorgio", "Roberto", "Francesco", "Giovanni", "Antonio", "Riccardo", "Fabio", "Daniele", "Enrico", "Claudio", "Nicola", "Pietro", "Massimo", "Sergio"],
        ["Giulia", "Chiara", "Francesca", "Martina", "Sara", "Elena", "Paola", "Laura", "Silvia", "Valentina", "Federica", "Alessia", "Elisa", "Anna", "Roberta", "Cristina", "Monica", "Ilaria", "Serena", "Daniela", "Giorgia", "Beatrice"],
        ["Rossi", "Russo", "Ferrari", "Esposito", "Bianchi", "Romano", "Colombo", "Ricci", "Marino", "Greco", "Bruno", "Gallo", "Conti", "De Luca", "Mancini", "Costa", "Giordano", "Rizzo", "Lombardi", "Moretti", "Barbieri", "Fontana", "Santoro", "Mariani", "Rinaldi", "Caruso", "Ferrara", "Galli", "Martini", "Leone", "Longo", "Gentile", "Martinelli", "Vitale", "Lombardo", "Serra", "Coppola", "De Santis", "D'Angelo", "Marchetti"],
        [], ["Milano", "Roma", "Torino", "Bologna", "Firenze", "Napoli", "Verona", "Genova", "Padova", "Bari", "Parma", "Brescia", "Modena", "Trieste"],
        ["Officine", "Tipografia", "Studio", "Ristorante", "Farmacia", "Trasporti", "Arredi", "Impianti", "Ceramiche", "Cantina", "Edilizia", "Libreria", "Autofficina", "Pasticceria"],
        ["S.r.l.", "S.p.A.", "& Figli", "S.n.c."], "example.it");

    public static readonly Country Russia = new("ru",
        ["Иван", "Алексей", "Дмитрий", "Сергей", "Андрей", "Михаил", "Павел", "Николай", "Владимир", "Александр", "Евгений", "Антон", "Роман", "Олег", "Игорь", "Максим", "Виктор", "Артём", "Кирилл", "Юрий"],
        ["Анна", "Мария", "Елена", "Ольга", "Наталья", "Ирина", "Татьяна", "Екатерина", "Светлана", "Юлия", "Дарья", "Анастасия", "Полина", "Ксения", "Людмила", "Вера", "Надежда", "Алина"],
        ["Иванов", "Смирнов", "Кузнецов", "Попов", "Васильев", "Петров", "Соколов", "Михайлов", "Новиков", "Фёдоров", "Морозов", "Волков", "Алексеев", "Лебедев", "Семёнов", "Егоров", "Павлов", "Козлов", "Степанов", "Николаев", "Орлов", "Андреев", "Макаров", "Никитин", "Захаров", "Зайцев", "Соловьёв", "Борисов", "Яковлев", "Григорьев"],
        ["Иванова", "Смирнова", "Кузнецова", "Попова", "Васильева", "Петрова", "Соколова", "Михайлова", "Новикова", "Фёдорова", "Морозова", "Волкова", "Алексеева", "Лебедева", "Семёнова", "Егорова", "Павлова", "Козлова", "Степанова", "Николаева", "Орлова", "Андреева", "Макарова", "Никитина", "Захарова", "Зайцева", "Соловьёва", "Борисова", "Яковлева", "Григорьева"],
        ["Москва", "Санкт-Петербург", "Казань", "Екатеринбург", "Новосибирск", "Самара", "Пермь", "Воронеж", "Краснодар", "Тула"],
        ["СтройМонтаж", "ТехноСервис", "Прогресс", "Аврора", "Вектор", "МедТорг", "ЭкоДом", "АгроСоюз", "ТрансЛогистик", "Гранит", "Империя вкуса", "Северный ветер"],
        ["ООО", "АО", "ИП"], "example.ru");

    public static readonly Country Britain = new("en",
        ["James", "Oliver", "Harry", "Jack", "George", "Thomas", "William", "Daniel", "Samuel", "Joseph", "Benjamin", "Edward", "Henry", "Adam", "Matthew", "Ryan", "Peter", "Simon", "Nathan", "Patrick"],
        ["Emily", "Olivia", "Sophie", "Grace", "Charlotte", "Hannah", "Lucy", "Megan", "Rachel", "Rebecca", "Laura", "Alice", "Emma", "Chloe", "Sarah", "Victoria", "Claire", "Amelia"],
        ["Smith", "Jones", "Taylor", "Brown", "Williams", "Wilson", "Johnson", "Davies", "Patel", "Wright", "Walker", "White", "Green", "Hall", "Wood", "Harris", "Clark", "Cooper", "King", "Baker", "Turner", "Hughes", "O'Brien", "Murphy", "Campbell", "Stewart", "Morgan", "Bailey", "Foster", "Shaw"],
        [], ["London", "Manchester", "Leeds", "Bristol", "Birmingham", "Glasgow", "Edinburgh", "Cardiff", "Dublin", "York"],
        ["Harbour", "Northgate", "Oakfield", "Brightwell", "Kingsway", "Meridian", "Sterling", "Ashdown", "Redwood", "Silverline", "Fairview", "Crown"],
        ["Ltd", "& Sons", "Group", "LLP"], "example.co.uk");

    public static readonly string[] Sources = ["website", "recommendation", "trade fair", "advertising", "partner"];

    public static readonly string[] SalesNotes =
    [
        "Asked for a quote for the larger package; sent it by mail.", "Wants to compare two offers before deciding.", "Interested, but the budget comes only next quarter.",
        "Confirmed the order by phone, contract goes out today.", "Wants a visit to show the product to the partner.", "Asked about discounts for ten and more.",
        "Decision lies with the owner; he is back on Monday.", "Already buys elsewhere, contract ends in spring.", "Asked for references from the same trade.",
    ];

    public static readonly string[] SupportNotes =
    [
        "Device did not start after the update; reset solved it.", "Delivery is two days late, told the new date.", "Forgot the password, sent a new link.",
        "Question about the warranty, explained.", "Replacement part ordered, comes within the week.", "Line was noisy at their site; the technician comes tomorrow.",
        "Wanted to know how to export the data; walked through it.", "Reported the same fault again, passed on to the workshop.",
    ];

    public static readonly string[] BillingNotes =
    [
        "Invoice went to the old address; corrected and sent again.", "Asked for two weeks more to pay, granted.", "Charged twice, the second amount is refunded.",
        "Wants the invoices by mail from now on.", "Question about VAT on the last invoice, explained.", "Paid yesterday, payment not yet booked.",
    ];

    public static readonly string[] NextSteps = ["Call back on Thursday", "Send the offer", "Check the delivery", "Ask the workshop", "Prepare the contract", "Ring again next week"];

    public static readonly string[] DealTitles = ["Office equipment", "Annual service contract", "Extension of the licence", "New branch", "Replacement of the old units", "Training for the team", "Pilot project", "Framework agreement"];

    public static readonly string[] TaskTitles = ["Call back about the offer", "Send the contract", "Check the payment", "Ask whether the delivery came", "Arrange a visit", "Prepare the quote"];
}
