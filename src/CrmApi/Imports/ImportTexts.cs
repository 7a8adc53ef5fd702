using System.Globalization;

namespace CallCrm.CrmApi.Imports;

/// <summary>What is said of files and rows that are not as they should be, in the three languages: it stands in files that people mend.</summary>
internal static class ImportTexts
{
    public const string OpenQuote = "open_quote", LongRow = "long_row", NoTable = "no_table", EmptyFile = "empty_file", Password = "password", Damaged = "damaged", TooBig = "too_big", FileGone = "file_gone",
        Name = "name", Email = "email", Phone = "phone", Scientific = "scientific", ManyPhones = "many_phones", Language = "language", Segment = "segment", Responsible = "responsible", ResponsibleTwice = "responsible_twice",
        DealType = "deal_type", DealStage = "deal_stage", DealTitle = "deal_title", Amount = "amount", Currency = "currency", Date = "date", DateDayFirst = "date_day_first", DateMonthFirst = "date_month_first", Kind = "kind", Database = "database", TaxId = "tax_id", Own = "own", Expected = "expected", NoProgress = "no_progress", Alike = "alike", Tags = "tags", Role = "role", TimeZone = "time_zone",
        Extension = "extension", ExtensionAlone = "extension_alone", ExtensionTwice = "extension_twice", Address = "address", CompanyTwice = "company_twice";

    static readonly Dictionary<string, (string En, string It, string Ru)> All = new(StringComparer.Ordinal)
    {
        [OpenQuote] = ("a quotation mark is opened and not closed", "una virgoletta è aperta e non chiusa", "кавычка открыта и не закрыта"),
        [LongRow] = ("the row is longer than a million characters", "la riga supera un milione di caratteri", "строка длиннее миллиона знаков"),
        [NoTable] = ("This is {0}. Expected a table: CSV, XLSX or XLS.", "Il contenuto non è una tabella ({0}). Serve un file CSV, XLSX o XLS.", "Это не таблица ({0}). Нужен файл CSV, XLSX или XLS."),
        [EmptyFile] = ("The file is empty.", "Il file è vuoto.", "Файл пуст."),
        [Password] = ("The file is protected by a password: save it without one.", "Il file è protetto da password: lo salvi senza.", "Файл защищён паролем: сохраните его без пароля."),
        [Damaged] = ("The file is damaged and cannot be read: {0}", "Il file è danneggiato e non si legge: {0}", "Файл повреждён и не читается: {0}"),
        [TooBig] = ("The workbook is too big when unpacked: save it as CSV, or in parts.", "La cartella è troppo grande una volta aperta: la salvi in CSV o in più parti.", "Книга слишком велика в распакованном виде: сохраните её в CSV или по частям."),
        [FileGone] = ("The uploaded file is no longer there: load it again.", "Il file caricato non c'è più: lo carichi di nuovo.", "Загруженного файла больше нет: загрузите его ещё раз."),
        [NoProgress] = ("It was begun several times and came no further than row {0}.", "È ripartita più volte senza superare la riga {0}.", "Загрузка начиналась несколько раз и не прошла дальше строки {0}."),
        [Name] = ("a name of 1 to 200 characters", "un nome da 1 a 200 caratteri", "имя от 1 до 200 знаков"),
        [Email] = ("an address such as anna@example.com", "un indirizzo come anna@example.com", "адрес вида anna@example.com"),
        [Phone] = ("a telephone number such as +39 02 1234 5678", "un numero di telefono come +39 02 1234 5678", "номер телефона вида +7 495 123-45-67"),
        [Extension] = ("an extension of 1 to 10 digits, one for each number", "un interno da 1 a 10 cifre, uno per numero", "добавочный от 1 до 10 цифр, один на номер"),
        [ExtensionAlone] = ("the number that this extension belongs to: the row has none", "il numero a cui appartiene questo interno: la riga non ne ha", "номер, к которому относится добавочный: в строке его нет"),
        [ExtensionTwice] = ("one extension for a number: {0} stands behind the number already", "un solo interno per numero: accanto al numero c’è già {0}", "один добавочный на номер: у номера уже стоит {0}"),
        [Scientific] = ("all digits of the number: a spreadsheet shortened it. Set the column to text there and save again",
            "tutte le cifre del numero: il foglio di calcolo l'ha abbreviato. Imposti la colonna come testo e salvi di nuovo",
            "все цифры номера: таблица их сократила. Сделайте столбец текстовым и сохраните снова"),
        [ManyPhones] = ("at most 20 numbers", "al massimo 20 numeri", "не больше 20 номеров"),
        [Language] = ("a language such as en, it or ru", "una lingua come en, it o ru", "язык, например en, it или ru"),
        [Segment] = ("one of the segments: {0}", "uno dei segmenti: {0}", "один из сегментов: {0}"),
        [Responsible] = ("name or login of somebody who works here", "nome o login di chi lavora qui", "имя или логин того, кто здесь работает"),
        [ResponsibleTwice] = ("a login: several people have that name", "un login: più persone hanno quel nome", "логин: такое имя у нескольких людей"),
        [Kind] = ("person or company", "persona o azienda", "человек или компания"),
        [DealType] = ("one of the deal types: {0}", "uno dei tipi di trattativa: {0}", "один из типов сделок: {0}"),
        [DealStage] = ("one of the stages: {0}", "una delle fasi: {0}", "одна из стадий: {0}"),
        [DealTitle] = ("the deal's title, 1 to 200 characters", "il titolo della trattativa, da 1 a 200 caratteri", "название сделки, от 1 до 200 знаков"),
        [Amount] = ("an amount such as 1234,56", "un importo come 1234,56", "сумма вида 1234,56"),
        [Currency] = ("three letters such as EUR", "tre lettere come EUR", "три буквы, например RUB"),
        [Date] = ("a date such as 31.12.2026", "una data come 31/12/2026", "дата вида 31.12.2026"),
        [DateDayFirst] = ("a date with the day first, as in the rest of the column: 31.12.2026. Mend it, or choose the order of the column", "una data con il giorno prima, come nel resto della colonna: 31/12/2026. La corregga o scelga l’ordine della colonna",
            "дата, где сначала день, как в остальном столбце: 31.12.2026. Исправьте её или выберите порядок для столбца"),
        [DateMonthFirst] = ("a date with the month first, as in the rest of the column: 12/31/2026. Mend it, or choose the order of the column", "una data con il mese prima, come nel resto della colonna: 12/31/2026. La corregga o scelga l’ordine della colonna",
            "дата, где сначала месяц, как в остальном столбце: 12/31/2026. Исправьте её или выберите порядок для столбца"),
        [TaxId] = ("a tax id whose check digits are right: {0}", "un codice fiscale o una partita IVA con le cifre di controllo giuste: {0}", "ИНН или ОГРН с верными контрольными цифрами: {0}"),
        [Own] = ("what the field takes – {0}", "quello che il campo accetta – {0}", "то, что принимает поле, – {0}"),
        [Database] = ("something the database takes: {0}", "qualcosa che il database accetti: {0}", "то, что принимает база данных: {0}"),
        [Alike] = ("another client than {0}: the names are alike. Load the row again with “create anyway” when it is another", "un cliente diverso da {0}: i nomi si somigliano. Se è un altro, carichi di nuovo la riga con «crea comunque»",
            "не тот же клиент, что {0}: имена похожи. Если это другой, загрузите строку ещё раз с выбором «всё равно создать»"),
        [Tags] = ("at most 30 tags of at most 50 characters, with commas between them", "al massimo 30 etichette di 50 caratteri, separate da virgole", "не больше 30 меток до 50 знаков через запятую"),
        [Role] = ("client, supplier or partner", "cliente, fornitore o partner", "клиент, поставщик или партнёр"),
        [TimeZone] = ("a time zone such as Europe/Rome", "un fuso orario come Europe/Rome", "часовой пояс вида Europe/Moscow"),
        [Address] = ("at most 20 addresses, each beginning with its kind: {0}", "al massimo 20 indirizzi, ognuno con il suo tipo davanti: {0}", "не больше 20 адресов, перед каждым его вид: {0}"),
        [CompanyTwice] = ("a company that is told by its tax id: several have this name", "un’azienda indicata con la partita IVA: più aziende hanno questo nome", "компанию с указанием ИНН: таких названий несколько"),
        [Expected] = ("What was expected", "Che cosa serviva", "Что ожидалось"),
    };

    public static string Of(string language, string code, string? given = null)
    {
        var text = All.TryGetValue(code, out var found) ? language switch { "it" => found.It, "ru" => found.Ru, _ => found.En } : code;
        return string.Format(CultureInfo.InvariantCulture, text, given ?? "");
    }

    /// <summary>The last column of a file of failing rows, whatever language it was made in.</summary>
    public static bool IsExpectedColumn(string header) => All[Expected] is var (en, it, ru) && (header == en || header == it || header == ru);
}
