namespace CallCrm.CallFlow.Demo;

/// <summary>An employee of the demo's company.</summary>
/// <param name="Extension">Null: does not take calls.</param>
/// <param name="Languages">Clients they are responsible for.</param>
internal sealed record DemoPerson(Guid Id, string Login, string Name, string Role, string? Extension, string[] Languages)
{
    public bool IsAgent => Extension is not null;
}

/// <param name="Members">Login to level.</param>
internal sealed record DemoQueue(Guid Id, string Name, string Number, string LineName, string Source, string Greeting, int Weight, double Talk_s, string[] Notes, (string Login, int Level)[] Members);

/// <summary>People, queues and lists: fixed, so that documents and tests can name them.</summary>
internal static class DemoCompany
{
    static Guid Fixed(int n) => new(0x01930000, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, (byte)(n >> 8), (byte)n);

    public static readonly DemoPerson[] People =
    [
        new(Fixed(1), "anna", "Anna Bianchi", "agent", "101", ["it"]),
        new(Fixed(2), "luca", "Luca Moretti", "agent", "102", ["it"]),
        new(Fixed(3), "marta", "Marta Ricci", "agent", "103", ["it", "en"]),
        new(Fixed(4), "pavel", "Pavel Sokolov", "agent", "104", ["ru"]),
        new(Fixed(5), "irina", "Irina Volkova", "agent", "105", ["ru"]),
        new(Fixed(6), "james", "James Carter", "agent", "106", ["en"]),
        new(Fixed(10), "demo", "Alex Romano", "agent", "110", ["en", "it"]),
        new(Fixed(20), "supervisor", "Sofia Conti", "supervisor", null, []),
        new(Fixed(21), "manager", "Martin Weber", "manager", null, []),
        new(Fixed(22), "admin", "Ada Admin", "admin", null, []),
    ];

    /// <summary>The second below the first.</summary>
    public static readonly (Guid Id, string Name, Guid? Parent, string[] Logins)[] Departments =
    [
        (Fixed(41), "Sales", null, ["james", "demo"]), (Fixed(42), "Sales Italy", Fixed(41), ["anna", "luca"]), (Fixed(43), "Service", null, ["marta", "pavel", "irina", "supervisor"]),
    ];

    public static readonly DemoQueue[] Queues =
    [
        new(Fixed(31), "Sales", "+390294750001", "Website", "website", "Good day, this is the sales team of CallCrm Demo.", 40, 170, DemoNames.SalesNotes, [("anna", 1), ("luca", 1), ("james", 1), ("demo", 1), ("pavel", 2)]),
        new(Fixed(32), "Support", "+390294750002", "Service line", "service", "Good day, customer service of CallCrm Demo.", 40, 210, DemoNames.SupportNotes, [("marta", 1), ("pavel", 1), ("irina", 1), ("demo", 1), ("james", 2)]),
        new(Fixed(33), "Billing", "+390294750003", "Invoices", "invoice", "Good day, accounting of CallCrm Demo.", 20, 110, DemoNames.BillingNotes, [("irina", 1), ("luca", 1), ("marta", 1), ("demo", 2)]),
    ];

    /// <summary>The website's number is advertised since; the other campaign is for calls out.</summary>
    public const int CampaignDays = 14;

    public const string Campaign = "winter";

    public const string CampaignName = "Winter offer";

    public const string Campaigns = """
        insert into campaign (code, name, description, from_day, position) values
          ('winter', 'Winter offer', 'Advertised on the website: installation at half price until spring.', @from, 1),
          ('renewals', 'Contract renewals', 'Service contracts that end within three months.', null, 2);
        update dialled_number set campaign = 'winter' where number = @number
        """;

    /// <summary>Billing is served by its members, and asks for what they can.</summary>
    public const string Skills = """
        insert into skill (code, name, position) values ('italian', 'Italian', 1), ('russian', 'Russian', 2), ('english', 'English', 3), ('invoices', 'Invoices', 4);
        insert into agent_skill (user_id, skill, level) select u.id, s.skill, s.level from (values
          ('anna', 'italian', 1), ('anna', 'english', 4), ('luca', 'italian', 1), ('luca', 'invoices', 2), ('marta', 'italian', 1), ('marta', 'english', 2), ('marta', 'invoices', 2), ('pavel', 'russian', 1),
          ('irina', 'russian', 1), ('irina', 'italian', 3), ('irina', 'invoices', 1), ('james', 'english', 1), ('demo', 'english', 1), ('demo', 'italian', 1), ('demo', 'invoices', 3)) s (login, skill, level)
        join app_user u on u.login = s.login;
        insert into queue_skill (queue_id, skill, least) select id, 'invoices', 3 from queue where name = 'Billing';
        """;

    /// <summary>Code, name, outcome.</summary>
    public static readonly (string Code, string Name, string Outcome)[] Dispositions =
    [
        ("solved", "Solved", "positive"), ("order", "Order", "positive"), ("offer", "Offer wanted", "positive"), ("info", "Information given", "neutral"), ("callback", "Call back", "neutral"),
        ("passed_on", "Passed on", "neutral"), ("complaint", "Complaint", "negative"), ("no_interest", "No interest", "negative"), ("wrong_number", "Wrong number", "neutral"),
    ];

    /// <summary>A branch below those, and what follows from some.</summary>
    public const string DispositionTree = """
        insert into disposition (code, name, outcome, position, is_group, parent, rule) values ('not_now', 'Not now', 'neutral', 8, true, null, null);
        insert into disposition (code, name, outcome, position, is_group, parent, rule) values
          ('time_agreed', 'A time was agreed', 'neutral', 21, false, 'not_now', '{"callback":{"title":"Call as agreed","days":1,"at":"10:00","ask":true}}'),
          ('next_quarter', 'Next quarter', 'neutral', 22, false, 'not_now', '{"callback":{"title":"Ask again","days":90,"at":"10:00"}}'),
          ('no_more_calls', 'Wants no more calls', 'negative', 23, false, 'not_now', '{"doNotCall":true}');
        -- The last that has a key.
        update disposition set position = 9 where code = 'wrong_number';
        update disposition set rule = '{"callback":{"title":"Call back","days":2,"at":"10:00"}}' where code = 'callback';
        update disposition set rule = '{"task":{"title":"Send the offer","days":1,"at":"10:00"},"stage":{"dealType":"sale","stage":"proposal"}}' where code = 'offer';
        """;

    public static readonly (string Code, string Name, int? Allowance)[] PauseReasons = [("break", "Break", 30), ("lunch", "Lunch", 60), ("paperwork", "Paperwork", null), ("meeting", "Meeting", null), ("training", "Training", null)];

    public static readonly (string Code, string Name)[] Segments = [("new", "New"), ("active", "Active"), ("vip", "VIP"), ("sleeping", "Sleeping"), ("overdue", "Overdue")];

    public static readonly (string Code, string Name)[] DealTypes = [("sale", "Sale"), ("service", "Service contract")];

    public static readonly (string Code, string Name, string? Outcome)[] Stages =
        [("new", "New", null), ("qualified", "Qualified", null), ("appointment", "Appointment", null), ("proposal", "Proposal", null), ("negotiation", "Negotiation", null), ("won", "Won", "won"), ("lost", "Lost", "lost")];
}
