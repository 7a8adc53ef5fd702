using CallCrm.Engine;

namespace CallCrm.CallFlow;

/// <summary>
/// Reads the mailboxes of one PBX as they lie on disk: <c>CONTEXT/MAILBOX/FOLDER/msgNNNN.txt</c>. Never writes, moves or deletes there. A folder that has
/// not changed is not read again.
/// </summary>
public sealed class VoicemailSpool(string root, TimeProvider time)
{
    /// <summary>A folder's time has steps: one that changed so lately may change again within the same step.</summary>
    static readonly TimeSpan Settled = TimeSpan.FromSeconds(2);

    const int LongestText = 16 * 1024;
    readonly Dictionary<string, (DateTime At, DateTime ReadAt, IReadOnlyList<VoicemailMessage> Messages)> seen = new(StringComparer.Ordinal);
    readonly Dictionary<string, string> broken = new(StringComparer.Ordinal);

    public string Root => root;

    /// <summary>Files that could not be read as a message, with what was expected; as of the last look.</summary>
    public IReadOnlyDictionary<string, string> Broken => broken;

    /// <summary>
    /// All messages, those with several copies once: heard when one copy was. Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>
    /// when the folder, or a mailbox in it, cannot be read: then nothing is known, and nothing is gone.
    /// </summary>
    public IReadOnlyDictionary<string, VoicemailMessage> Look()
    {
        var found = new Dictionary<string, VoicemailMessage>(StringComparer.Ordinal);
        var here = new HashSet<string>(StringComparer.Ordinal);
        foreach (var context in new DirectoryInfo(root).EnumerateDirectories())
        {
            // FreePBX has links of other names ("device") to the same mailboxes.
            foreach (var mailbox in context.EnumerateDirectories().Where(m => m.LinkTarget is null && context.LinkTarget is null))
            {
                foreach (var folder in mailbox.EnumerateDirectories())
                {
                    if (StateOf(folder.Name) is not { } state) continue;
                    here.Add(folder.FullName);
                    foreach (var message in Of(folder, context.Name, mailbox.Name, state))
                    {
                        if (!found.TryGetValue(message.Key, out var known) || (known.State, message.State) is (MailboxState.New, MailboxState.Heard)) found[message.Key] = message;
                    }
                }
            }
        }

        foreach (var gone in seen.Keys.Where(f => !here.Contains(f)).ToArray()) Forget(gone);
        return found;
    }

    /// <summary>
    /// The message's sound. As the PBX may renumber at any moment, what was opened is only given when the text beside it is still this message's;
    /// else <see cref="IOException"/>, and the next look finds it.
    /// </summary>
    public FileStream Open(VoicemailMessage message)
    {
        var sound = new FileStream(message.Sound, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, useAsync: true);
        try
        {
            if (Read(message.Text, "default", "0", message.State, out _)?.Key == message.Key) return sound;
        }
        catch
        {
            sound.Dispose();
            throw;
        }

        sound.Dispose();
        Forget(Path.GetDirectoryName(message.Text)!);
        throw new IOException($"{message.Text} is another message now.");
    }

    IReadOnlyList<VoicemailMessage> Of(DirectoryInfo folder, string context, string mailbox, MailboxState state)
    {
        var (changed, now) = (folder.LastWriteTimeUtc, time.GetUtcNow().UtcDateTime);
        if (seen.TryGetValue(folder.FullName, out var before) && before.At == changed && before.ReadAt - changed > Settled) return before.Messages;
        Forget(folder.FullName);
        var messages = new List<VoicemailMessage>();
        foreach (var text in folder.EnumerateFiles("msg*.txt").OrderBy(f => f.Name, StringComparer.Ordinal))
        {
            try
            {
                if (Read(text.FullName, context, mailbox, state, out var expected) is { } message) messages.Add(message);
                else broken[text.FullName] = expected;
            }
            catch (FileNotFoundException)
            {
                // Moved meanwhile: the folder has changed, and is read again.
            }
        }

        seen[folder.FullName] = (changed, now, messages);
        return messages;
    }

    void Forget(string folder)
    {
        seen.Remove(folder);
        foreach (var file in broken.Keys.Where(f => Path.GetDirectoryName(f) == folder).ToArray()) broken.Remove(file);
    }

    static VoicemailMessage? Read(string file, string context, string mailbox, MailboxState state, out string expected)
    {
        expected = $"at most {LongestText} bytes";
        return new FileInfo(file).Length > LongestText ? null : VoicemailMessage.Read(file, context, mailbox, state, File.ReadLines(file), out expected);
    }

    /// <summary>INBOX and Urgent hold what nobody heard, the others what was heard and kept; "Deleted" and "tmp" hold nothing that is there.</summary>
    static MailboxState? StateOf(string folder) => folder switch
    {
        "INBOX" or "Urgent" => MailboxState.New,
        "Old" or "Work" or "Family" or "Friends" or "Cust1" or "Cust2" or "Cust3" or "Cust4" or "Cust5" => MailboxState.Heard,
        _ => null,
    };
}
