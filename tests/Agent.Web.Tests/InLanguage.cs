using System.Globalization;

namespace CallCrm.Agent.Web.Tests;

/// <summary>What is rendered from here on is in this language, until it is disposed of.</summary>
sealed class InLanguage : IDisposable
{
    readonly (CultureInfo Own, CultureInfo Page) _before = (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture);

    public InLanguage(string language)
    {
        var culture = CultureInfo.GetCultureInfo(language);
        (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = (culture, culture);
    }

    public void Dispose() => (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = _before;
}
