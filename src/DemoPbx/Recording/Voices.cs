using System.Diagnostics;
using System.Globalization;

namespace CallCrm.DemoPbx.Recording;

/// <summary>
/// A handful of spoken sentences for either side. Made once by <c>espeak-ng</c> where it is installed and kept in the
/// voice folder; otherwise a speech-like babble, so that nothing large has to be shipped.
/// </summary>
internal sealed class Voices
{
    private static readonly string[] AgentSays =
    [
        "Good morning, how can I help you?",
        "One moment please, I am opening your file.",
        "Yes, I can see the order you placed last week.",
        "I will send you the offer by e-mail today.",
        "Would Thursday at ten o'clock be convenient for you?",
        "Is there anything else I can do for you?",
        "Thank you for calling. Have a nice day.",
    ];

    private static readonly string[] ClientSays =
    [
        "Hello, I am calling about my last order.",
        "It should have arrived on Monday, but nothing came.",
        "Could you tell me the price for fifty pieces?",
        "Yes, that is right.",
        "Please send it to my office, not to the warehouse.",
        "Thursday is fine, thank you.",
        "All right. Good bye.",
    ];

    private Voices(IReadOnlyList<short[]> agent, IReadOnlyList<short[]> client) => (Agent, Client) = (agent, client);

    public IReadOnlyList<short[]> Agent { get; }

    public IReadOnlyList<short[]> Client { get; }

    public static Voices Load(string? folder)
    {
        var temporary = string.IsNullOrEmpty(folder);
        var place = temporary ? Directory.CreateTempSubdirectory("callcrm-voices-").FullName : folder!;
        try
        {
            Directory.CreateDirectory(place);
            return new Voices(Say(place, "agent", "en-gb+f3", AgentSays), Say(place, "client", "en-gb+m3", ClientSays));
        }
        finally
        {
            if (temporary)
            {
                Directory.Delete(place, recursive: true);
            }
        }
    }

    private static List<short[]> Say(string folder, string who, string voice, string[] sentences)
    {
        var spoken = new List<short[]>();
        for (var i = 0; i < sentences.Length; i++)
        {
            var path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{who}-{i + 1}.wav"));
            if (!File.Exists(path) && !Speak(path, voice, sentences[i]))
            {
                WavFile.Write(path, Babble.Make(sentences[i], who == "agent" ? 190 : 120));
            }

            if (WavFile.Read(path) is { Length: > 0 } samples)
            {
                spoken.Add(samples);
            }
        }

        return spoken;
    }

    /// <summary>False: espeak-ng is not here, or did not speak.</summary>
    internal static bool Speak(string path, string voice, string sentence)
    {
        var part = path + ".part";
        try
        {
            using var process = Process.Start(new ProcessStartInfo("espeak-ng")
            {
                ArgumentList = { "-v", voice, "-s", "155", "-w", part, sentence },
                UseShellExecute = false,
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            });
            if (process is null || !process.WaitForExit(TimeSpan.FromSeconds(10)) || process.ExitCode != 0 || !File.Exists(part))
            {
                return false;
            }

            File.Move(part, path, overwrite: true);
            return true;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // espeak-ng is not installed: the babble will do.
            return false;
        }
    }
}
