using System.Text;

namespace CallCrm.DemoPbx.Agi;

/// <summary>Splits an AGI command line into words: blanks between them, quotes around them, a backslash takes the next character as it is.</summary>
internal static class AgiLine
{
    public static List<string> Words(string line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var (quoted, open) = (false, false);
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (c == '\\' && i + 1 < line.Length)
            {
                word.Append(line[++i]);
                open = true;
            }
            else if (c == '"')
            {
                quoted = !quoted;
                open = true;
            }
            else if (c is ' ' or '\t' && !quoted)
            {
                if (open)
                {
                    words.Add(word.ToString());
                    word.Clear();
                    open = false;
                }
            }
            else
            {
                word.Append(c);
                open = true;
            }
        }

        if (open)
        {
            words.Add(word.ToString());
        }

        return words;
    }
}
