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

    public static readonly string[] Missed = ["Number|Numero|Номер", "Caller name|Nome del chiamante|Имя собеседника", "Client|Cliente|Клиент", "Queue|Coda|Очередь", "What happened|Che cosa è successo|Что произошло", "Times|Volte|Раз",
        "First missed|Prima persa|Первый пропущенный", "Last missed|Ultima persa|Последний пропущенный", "Taken by|Presa da|Взял(а)", "Closed at|Chiusa il|Закрыт", "Closed how|Come è stata chiusa|Как закрыт", "Closed by|Chiusa da|Кто закрыл", "Note|Nota|Заметка"];

    public static readonly string[] Blocks = ["Number|Numero|Номер", "Client|Cliente|Клиент", "Queue|Coda|Очередь", "Reason|Motivo|Причина", "Note|Nota|Заметка", "Blocked by|Bloccato da|Кто заблокировал", "Blocked at|Bloccato il|Заблокирован",
        "Until|Fino al|До", "Turned away|Respinte|Отклонено", "Last call|Ultima chiamata|Последний звонок"];

    public static readonly string[] Unconfirmed = ["Number|Numero|Номер", "Name|Nominativo|ФИО", "Company|Azienda|Компания", "Phone|Telefono|Телефон", "Source|Origine|Источник", "Created|Creato il|Создан", "Calls|Chiamate|Звонки",
        "Answered|Risposte|Принято", "Last call|Ultima chiamata|Последний звонок", "Last agent|Ultimo operatore|Последний оператор"];

    public static readonly string[] Duplicates = ["Newer: number|Più recente: numero|Новая: номер", "Newer: name|Più recente: nominativo|Новая: ФИО", "Newer: company|Più recente: azienda|Новая: компания", "Newer: city|Più recente: città|Новая: город",
        "Newer: phone|Più recente: telefono|Новая: телефон", "Older: number|Meno recente: numero|Старая: номер", "Older: name|Meno recente: nominativo|Старая: ФИО", "Older: company|Meno recente: azienda|Старая: компания",
        "Older: city|Meno recente: città|Старая: город", "Older: phone|Meno recente: telefono|Старая: телефон", "The same|In comune|Совпадает", "Names alike, %|Somiglianza dei nomi, %|Сходство имён, %"];

    static readonly string[] Binned = ["Deleted at|Eliminato il|Удалено", "Deleted by|Eliminato da|Кто удалил", "Kept until|Conservato fino al|Хранится до"];

    public static readonly string[] ClientBin = ["Number|Numero|Номер", "Name|Nominativo|ФИО", "Company|Azienda|Компания", .. Binned];

    public static readonly string[] DealBin = ["Number|Numero|Номер", "Title|Nome|Название", "Client|Cliente|Клиент", .. Binned];

    public static readonly string[] TaskBin = ["Kind|Tipo|Вид", "Title|Che cosa va fatto|Что сделать", "Whose|Di chi|Чья", .. Binned];

    public static readonly string[] MailBin = ["Subject|Oggetto|Тема", "From|Da|От", "Client|Cliente|Клиент", "Sent|Inviata il|Отправлено", .. Binned];

    public static readonly string[] Mails = ["Sent|Inviata il|Отправлено", "Direction|Direzione|Направление", "From: name|Da: nome|От: имя", "From|Da|От", "To|A|Кому", "Cc|Cc|Копия", "Subject|Oggetto|Тема", "Beginning|Inizio del testo|Начало текста",
        "Client|Cliente|Клиент", "Put here by|Messa da|Кто добавил", "Put here at|Messa il|Добавлено"];

    public static readonly string[] Imports = ["File|File|Файл", "State|Stato|Состояние", "By|Da|Кто", "Uploaded|Caricato il|Загружен", "Began|Inizio|Начало", "Ended|Fine|Конец", "Rows|Righe|Строки", "Made|Creati|Создано", "Changed|Modificati|Изменено",
        "Skipped|Saltate|Пропущено", "Failed|Non riuscite|С ошибками", "Deals|Trattative|Сделки", "Companies|Aziende|Компании", "Problem|Problema|Причина"];

    public static readonly string[] Files = ["Name|Nome|Имя", "Deal|Trattativa|Сделка", "Kind|Tipo|Вид", "Size, bytes|Dimensione, byte|Размер, байт", "Added by|Aggiunto da|Кто добавил", "Added at|Aggiunto il|Добавлен", "Deleted at|Eliminato il|Удалён"];

    public static readonly string[] Users = ["Name|Nome|Имя", "Login|Nome utente|Логин", "Role|Ruolo|Роль", "Department|Reparto|Отдел", "Takes calls|Risponde alle chiamate|Принимает звонки", "Language|Lingua|Язык", "Time zone|Fuso orario|Часовой пояс",
        "Active|Attivo|Активен", "Second factor|Secondo fattore|Второй фактор", "Last seen|Visto il|Был(а)"];

    public static readonly string[] Campaigns = ["Code|Codice|Код", "Name|Nome|Название", "Description|Descrizione|Описание", "First day|Primo giorno|Первый день", "Last day|Ultimo giorno|Последний день", "Put away|Messa da parte|Убрана"];

    public static readonly string[] Changes = ["When|Quando|Когда", "Who|Chi|Кто", "Setting|Impostazione|Настройка", "Name|Nome|Название", "Before|Prima|Было", "After|Dopo|Стало"];

    const string Code = "Code|Codice|Код", Name = "Name|Nome|Название", Active = "Active|Attivo|Включено", People = "People|Persone|Люди", RightsOf = "Rights|Diritti|Права", PutAway = "Put away|Messo da parte|Убрано";

    public static readonly string[] Queues = [Name, "Members (level)|Membri (livello)|Участники (уровень)", "Skills (at least)|Competenze (almeno)|Навыки (не ниже)", "Rings, s|Squilli, s|Вызов, с", "Wrap-up, s|Chiusura, s|Постобработка, с",
        "Longest wait, s|Attesa massima, s|Предел ожидания, с", "Service level, s|Livello di servizio, s|Уровень обслуживания, с", "Hours|Orari|Часы работы", "Time zone|Fuso orario|Часовой пояс", "Holidays|Festività|Праздники",
        "Recorded|Registrata|Записывается", "Numbers|Numeri|Номера"];

    public static readonly string[] Roles = [Code, Name, "Builtin|Predefinito|Встроенная", RightsOf, People];

    public static readonly string[] Departments = [Name, "Part of|Fa parte di|Входит в", People];

    public static readonly string[] Extensions = ["Extension|Interno|Внутренний номер", Name, "Devices|Dispositivi|Устройства", "Answered from the page|Risposta dalla pagina|Ответ со страницы", "Held from the page|Attesa dalla pagina|Удержание со страницы", "PBX|Centralino|АТС"];

    public static readonly string[] Numbers = ["Number|Numero|Номер", Name, "Queue|Coda|Очередь", "Source|Origine|Источник", "Language|Lingua|Язык", "Greeting|Saluto|Приветствие", "Campaign|Campagna|Кампания"];

    public static readonly string[] Fields = [Code, Name, "Kind|Tipo|Вид", "Choices|Scelte|Варианты", "Leads to|Porta a|Ведёт к", "Formula|Formula|Формула", "Position|Posizione|Порядок", "Sensitive|Sensibile|Скрываемое", PutAway];

    public static readonly string[] Keys = [Name, "In whose name|A nome di chi|От чьего имени", RightsOf, "Made|Creata il|Создан", "Valid until|Valida fino al|Действует до", "Last used|Ultimo uso|Последнее использование", "Revoked|Revocata il|Отозван"];

    public static readonly string[] Webhooks = ["Address|Indirizzo|Адрес", "Events|Eventi|События", Active, "Last delivered|Ultima consegna|Последняя доставка", "Failing|Non arriva|Не доходит", "Waiting|In attesa|Ожидает"];

    public static readonly string[] Deliveries = ["When|Quando|Когда", "Event|Evento|Событие", "State|Stato|Состояние", "Attempts|Tentativi|Попытки", "Delivered|Consegnato il|Доставлено", "Next attempt|Prossimo tentativo|Следующая попытка",
        "Answer|Risposta|Ответ", "Error|Errore|Ошибка"];

    public static readonly string[] Forms = [Code, Name, "Fields|Campi|Поля", "Makes|Crea|Что создаётся", "Responsible|Responsabile|Ответственный", "Queue|Coda|Очередь", Active, "Submissions|Invii|Отправлено раз", "Last|Ultimo invio|Последняя"];

    public static readonly string[] Dispositions = [Code, Name, "Branch|Ramo|Ветвь", "Is a branch|È un ramo|Это ветвь", "Outcome|Esito|Исход", "Queues|Code|Очереди", "Campaigns|Campagne|Кампании", "Task|Attività|Задача", "Callback|Richiamata|Перезвонить",
        "Stage|Fase|Этап", "No more calls|Non chiamare più|Больше не звонить"];

    public static readonly string[] Pauses = [Code, Name, "Minutes a day|Minuti al giorno|Минут в день"];

    public static readonly string[] Segments = [Code, Name, PutAway];

    public static readonly string[] DealTypes = ["Type: code|Tipo: codice|Тип: код", "Type|Tipo|Тип", "Stage: code|Fase: codice|Этап: код", "Stage|Fase|Этап", "Outcome|Esito|Исход", PutAway];

    public static readonly string[] Skills = [Code, Name, "People (level)|Persone (livello)|Люди (уровень)", PutAway];

    public static readonly string[] Required = [Name, "Before|Prima di|Перед тем как", "Segment|Segmento|Сегмент", "Deal type|Tipo di trattativa|Тип сделки", "Stage|Fase|Этап", "Role|Ruolo|Роль", "Fields|Campi|Поля", Active];

    public static string? DispositionOutcome(string? outcome, string language) => outcome is null ? null : Of(outcome switch { "positive" => "positive|positivo|положительный", "negative" => "negative|negativo|отрицательный", _ => "neutral|neutro|нейтральный" }, language);

    public static string? StageOutcome(string? outcome, string language) => outcome is null ? null : Of(outcome == "won" ? "won|vinta|выиграна" : "lost|persa|проиграна", language);

    public static string Occasion(string occasion, string language) => Of(occasion switch
    {
        "save" => "a card is saved|salvare una scheda|сохранить карточку",
        "stage" => "a deal leaves its stage|lasciare la fase di una trattativa|сделка покинет стадию",
        _ => "a call is wrapped up|chiudere una chiamata|завершить обработку звонка",
    }, language);

    public static string Always(string language) => Of("always|sempre|всегда", language);

    public static string Delivery(string state, string language) => Of(state switch { "delivered" => "arrived|consegnato|доставлено", "waiting" => "waiting|in attesa|ожидает", _ => "given up|abbandonato|прекращено" }, language);

    public static string Makes(string makes, string language) => Of(makes switch { "task" => "task|attività|задача", "callback" => "callback|richiamata|перезвонить", "deal" => "deal|trattativa|сделка", _ => "card only|solo la scheda|только карточка" }, language);

    public static string YesNo(bool yes, string language) => Of(yes ? "yes|sì|да" : "no|no|нет", language);

    public static IReadOnlyList<string> Header(string[] columns, string language) => [.. columns.Select(c => Of(c, language))];

    public static string AllQueues(string language) => Of("all queues|tutte le code|все очереди", language);

    public static string MissedKind(string kind, string language) => Of(kind switch
    {
        "Abandoned" => "gave up waiting|ha rinunciato|не дождался",
        "Short" => "hung up at once|ha riagganciato subito|сразу положил трубку",
        "Closed" => "after hours|fuori orario|в нерабочее время",
        "Refused" => "not served|non servita|не обслужен",
        "Down" => "while we were down|durante un guasto|во время сбоя",
        "Voicemail" => "left a message|messaggio vocale|оставил сообщение",
        _ => $"{kind}|{kind}|{kind}",
    }, language);

    public static string? MissedHow(string? how, string language) => how is null ? null : Of(how switch
    {
        "Called" => "called back|richiamato|перезвонили",
        "Rang" => "rang again|ha richiamato|позвонил снова",
        "mail" => "reached by mail|raggiunto per e-mail|ответили по почте",
        "solved" => "solved already|già risolto|уже решено",
        "wrong_number" => "wrong number|numero sbagliato|ошиблись номером",
        "spam" => "junk|indesiderata|спам",
        _ => "other|altro|другое",
    }, language);

    public static string BlockReason(string reason, string language) => Of(reason switch { "spam" => "junk|indesiderato|спам", "robot" => "recorded voice|voce registrata|робот", "abuse" => "abuse|molestie|оскорбления", _ => "other|altro|другое" }, language);

    public static string Reason(string reason, string language) => Of(reason switch
    {
        "phone" => "number|numero|номер",
        "email" => "e-mail|indirizzo e-mail|почта",
        "tax_id" => "tax id|codice fiscale|ИНН",
        "name" => "name|nome|имя",
        "company" => "company|azienda|компания",
        "city" => "city|città|город",
        _ => $"{reason}|{reason}|{reason}",
    }, language);

    public static string ImportState(string state, string language) => Of(state switch
    {
        "uploaded" => "not begun|non iniziata|не начата",
        "running" => "running|in corso|идёт",
        "done" => "done|conclusa|завершена",
        "cancelled" => "cancelled|annullata|отменена",
        _ => "broken off|interrotta|прервана",
    }, language);

    public static string MailWay(string direction, string language) => Of(direction == "out" ? "sent|inviata|отправлено" : "received|ricevuta|получено", language);

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
