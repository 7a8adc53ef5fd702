namespace CallCrm.AgentWeb.Session;

/// <summary>Browser and system out of what a browser calls itself; names only, none of them is translated.</summary>
static class DeviceName
{
    // The more particular first: Edge and Opera also say Chrome, Chrome also says Safari.
    static readonly (string Sign, string Name)[] Browsers =
        [("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl")];

    static readonly (string Sign, string Name)[] Systems =
        [("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("CrOS", "ChromeOS"), ("Mac OS X", "macOS"), ("Linux", "Linux")];

    /// <summary>"Firefox, Windows"; null when it names neither.</summary>
    public static string? Of(string userAgent)
    {
        string? First((string Sign, string Name)[] known) => Array.Find(known, k => userAgent.Contains(k.Sign, StringComparison.Ordinal)).Name;
        string[] found = [.. new[] { First(Browsers), First(Systems) }.OfType<string>()];
        return found.Length > 0 ? string.Join(", ", found) : null;
    }
}
