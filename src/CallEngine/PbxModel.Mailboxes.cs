namespace CallCrm.Engine;

/// <summary>The PBX's own mailboxes: app_voicemail tells by its variable VMSTATUS alone whether a caller left a message.</summary>
public sealed partial class PbxModel
{
    const string MailboxApplication = "VoiceMail";
    const string MailboxStatus = "VMSTATUS";
    const int MaxMailbox = 80;

    /// <summary>Of a whole dialplan's steps only this one counts: where a leg begins to hear a mailbox's greeting.</summary>
    void OnNewexten(PbxEvent e)
    {
        if (!string.Equals(e["Application"], MailboxApplication, StringComparison.OrdinalIgnoreCase))
            return;
        var fields = PbxModelFields.Read(e);
        if (Find(fields.UniqueId) is not { } leg)
            return;
        Show(leg, fields);
        leg.Mailbox = MailboxOf(e["AppData"]);
    }

    /// <summary>SUCCESS: there is a message; FAILED: none (hung up before, too short, mailbox full); USEREXIT: went on by a key.</summary>
    void OnMailboxStatus(in PbxModelFields f)
    {
        if (Find(f.UniqueId) is not { } leg)
            return;
        Show(leg, f);
        var mailbox = leg.Mailbox;
        leg.Mailbox = null;
        // A queue's member or a follow-me comes here by a Local channel: the caller is on its other side.
        if (string.Equals(f.Value, "SUCCESS", StringComparison.OrdinalIgnoreCase) && RealLeg(leg, null) is { } caller)
            Say(new PbxFact.MessageLeft(_node, _time, caller.Id, mailbox ?? ""));
    }

    /// <summary>The first of <c>101@default&amp;102@default,us</c>; without a context it is <c>default</c>.</summary>
    static string MailboxOf(string? data)
    {
        var name = PbxModelText.Known(data);
        var end = name.AsSpan().IndexOfAny(',', '&', '|');
        if (end >= 0)
            name = name[..end];
        if (name.Length is 0 or > MaxMailbox)
            return "";
        return name.Contains('@', StringComparison.Ordinal) ? name : name + "@default";
    }
}
