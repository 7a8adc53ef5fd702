namespace CallCrm.CrmApi.Exports;

/// <summary>Headers and words of exported lists. Those of clients are known to the import, so a file can be mended and loaded again.</summary>
internal static class ExportTexts
{
    public static readonly string[] Languages = ["en", "it", "ru"];

    static readonly string[] Clients = ["Number|Numero|Номер", "Kind|Tipo cliente|Вид клиента", "Name|Nominativo|ФИО", "Company|Azienda|Компания", "Phones|Telefono|Телефоны", "E-mail|E-mail|E-mail", "City|Città|Город",
        "Segment|Segmento|Сегмент", "Responsible|Responsabile|Ответственный", "Language|Lingua|Язык", "Source|Origine|Источник", "Note|Nota|Заметка", "Tax id|Partita IVA|Налоговый номер", "Second tax id|Secondo codice fiscale|Второй налоговый номер", "Company tax id|Partita IVA azienda|Налоговый номер компании", "Addresses|Indirizzi|Адреса", "Tags|Etichette|Метки", "Roles|Ruoli|Роли", "Time zone|Fuso orario|Часовой пояс", "Created|Creato il|Создан", "Last call|Ultima chiamata|Последний звонок"];

    static readonly string[] Calls = ["Number|Numero|Номер", "Began|Inizio|Начало", "Direction|Direzione|Направление", "Caller|Chiamante|Номер собеседника", "Caller name|Nome del chiamante|Имя собеседника", "Client|Cliente|Клиент",
        "Dialled|Numero chiamato|Набранный номер", "Queue|Coda|Очередь", "Agent|Operatore|Оператор", "Outcome|Esito|Исход", "Wait, s|Attesa, s|Ожидание, с", "Talk, s|Conversazione, s|Разговор, с", "Hold, s|In attesa musicale, s|Удержание, с",
        "Disposition|Risultato|Результат", "Note|Nota|Заметка", "Campaign|Campagna|Кампания"];

    static readonly string[] Answers = ["Call|Chiamata|Звонок", "Began|Inizio|Начало", "Agent|Operatore|Оператор", "Client number|Numero cliente|Номер клиента", "Client|Cliente|Клиент", "Disposition|Risultato|Результат", "Way|Percorso|Путь"];

    static readonly string[] Deals = ["Number|Numero|Номер", "Title|Nome|Название", "Client|Cliente|Клиент", "Type|Tipo|Тип", "Stage|Fase|Этап", "Amount|Importo|Сумма", "Currency|Valuta|Валюта", "Responsible|Responsabile|Ответственный",
        "In this stage since|In questa fase dal|На этапе с", "Closed|Chiusa il|Закрыта", "Created|Creata il|Создана"];

    static readonly string[] Tasks = ["Kind|Tipo|Вид", "Title|Che cosa va fatto|Что сделать", "Due|Scadenza|Срок", "Done|Fatta il|Сделано", "Whose|Di chi|Чья", "Client|Cliente|Клиент", "Created|Creata il|Создана"];

    public static IReadOnlyList<string> DealHeader(string language) => [.. Deals.Select(c => Of(c, language))];

    public static IReadOnlyList<string> TaskHeader(string language) => [.. Tasks.Select(c => Of(c, language))];

    public static string TaskKind(string kind, string language) => Of(kind == "callback" ? "callback|richiamata|перезвонить" : "task|attività|задача", language);

    static readonly string[] Audit = ["When|Quando|Когда", "Who|Chi|Кто", "Action|Azione|Действие", "Record|Oggetto|Объект", "Id|Id|Id", "Name|Nome|Название", "Field|Campo|Поле", "Before|Prima|Было", "After|Dopo|Стало", "Address|Indirizzo|Адрес"];

    public static IReadOnlyList<string> AuditHeader(string language) => [.. Audit.Select(c => Of(c, language))];

    public static IReadOnlyList<string> ClientHeader(string language) => [.. Clients.Select(c => Of(c, language))];

    public static IReadOnlyList<string> CallHeader(string language) => [.. Calls.Select(c => Of(c, language))];

    /// <summary>Of the columns before the questions, which are in the script's language.</summary>
    public static IReadOnlyList<string> AnswersHeader(string language) => [.. Answers.Select(c => Of(c, language))];

    public static string Kind(string kind, string language) => Of(kind == "company" ? "company|azienda|компания" : "person|persona|человек", language);

    public static string Role(string role, string language) => Of(role switch { "client" => "client|cliente|клиент", "supplier" => "supplier|fornitore|поставщик", _ => "partner|partner|партнёр" }, language);

    static string Of(string words, string language) => words.Split('|')[Math.Max(0, Array.IndexOf(Languages, language))];
}
