using System.Text;
using MimeKit.Text;

namespace CallCrm.CrmApi.Mails;

/// <summary>The words of a mail that has no plain text: markup, scripts and styles are gone, and nothing is ever fetched. Pure.</summary>
internal static class MailText
{
    /// <summary>After these a new line begins.</summary>
    static readonly HashSet<HtmlTagId> Lines =
    [
        HtmlTagId.Br, HtmlTagId.P, HtmlTagId.Div, HtmlTagId.TR, HtmlTagId.LI, HtmlTagId.H1, HtmlTagId.H2, HtmlTagId.H3, HtmlTagId.H4, HtmlTagId.H5, HtmlTagId.H6, HtmlTagId.Table, HtmlTagId.UL, HtmlTagId.OL, HtmlTagId.BlockQuote,
        HtmlTagId.Pre, HtmlTagId.HR,
    ];

    /// <summary>What stands in these nobody reads.</summary>
    static readonly HashSet<HtmlTagId> Unread = [HtmlTagId.Script, HtmlTagId.Style, HtmlTagId.Title];

    public static string OfHtml(string html)
    {
        var tokens = new HtmlTokenizer(new StringReader(html)) { DecodeCharacterReferences = true };
        var (text, unread) = (new StringBuilder(), (HtmlTagId?)null);
        while (tokens.ReadNextToken(out var token))
        {
            if (token is HtmlTagToken tag)
            {
                if (unread == tag.Id && tag.IsEndTag) unread = null;
                else if (unread is null && Unread.Contains(tag.Id) && !tag.IsEndTag && !tag.IsEmptyElement) unread = tag.Id;
                else if (unread is null && Lines.Contains(tag.Id)) text.Append('\n');
                else if (unread is null && tag.Id is HtmlTagId.TD or HtmlTagId.TH && !tag.IsEndTag) text.Append(' ');
            }
            else if (unread is null && token.Kind == HtmlTokenKind.Data && token is HtmlDataToken data)
            {
                text.Append(Words(data.Data));
            }
        }

        return Tidy(text.ToString());
    }

    /// <summary>A line end in HTML is a space.</summary>
    static string Words(string data) => data.Replace('\r', ' ').Replace('\n', ' ').Replace('\t', ' ').Replace('\u00a0', ' ');

    /// <summary>One space between words, one empty line between paragraphs at most.</summary>
    static string Tidy(string text)
    {
        var (tidy, empty) = (new StringBuilder(), 0);
        foreach (var line in text.Split('\n'))
        {
            var words = string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            empty = words.Length == 0 ? empty + 1 : 0;
            if (empty <= 1) tidy.Append(words).Append('\n');
        }

        return tidy.ToString().Trim();
    }
}
