namespace CallCrm.CallFlow.Backup;

/// <summary>A backup or a restore that cannot be done; the message is all there is to say.</summary>
/// <param name="code">The command's exit code, of sysexits.h.</param>
public sealed class BackupException(string message, int code = BackupException.Failed, Exception? inner = null) : Exception(message, inner)
{
    public const int Failed = 1;
    public const int Usage = 64;
    public const int Damaged = 65;
    public const int NoInput = 66;
    public const int NoRoom = 73;

    /// <summary>Somebody else is at it: try again later.</summary>
    public const int Busy = 75;

    public int Code { get; } = code;
}
