using CallCrm.DemoPbx.Core;
using Microsoft.Extensions.Logging;

namespace CallCrm.DemoPbx.Recording;

/// <summary>Starts recordings and writes their files away from the PBX's thread.</summary>
internal sealed partial class Recordings(DemoPbxOptions options, ILogger logger)
{
    private readonly List<Task> _writing = [];
    private readonly Lazy<Voices> _voices = new(() => Voices.Load(options.VoiceFolder));
    private int _started;

    public CallRecording? Start(PbxChannel channel, DateTimeOffset now)
    {
        if (options.RecordingFolder is not { Length: > 0 } folder)
        {
            return null;
        }

        _started++;
        var id = $"0x7f{options.Seed & 0xffff:x4}{_started:x6}";
        var recording = new CallRecording(FileName(options.Node, channel.Uniqueid), folder, options.Seed + _started, this, id);
        if (channel.State == ChannelState.Up)
        {
            recording.MediaStarts(now);
        }

        return recording;
    }

    /// <summary><c>NODE-UNIQUEID</c>.</summary>
    public static string FileName(string node, string uniqueid) => $"{node}-{uniqueid}";

    public void WriteLater(string path, SoundPlan? plan, bool closed)
    {
        _writing.RemoveAll(t => t.IsCompleted);
        _writing.Add(Task.Run(() => Write(path, plan, closed)));
    }

    /// <summary>Done when every file begun is written.</summary>
    public Task FlushAsync() => Task.WhenAll(_writing);

    private void Write(string path, SoundPlan? plan, bool closed)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (plan is not null)
            {
                var sound = new Conversation(_voices.Value, plan);
                WavFile.Write(path + "-in.wav", sound.Render(client: true), closed);
                WavFile.Write(path + "-out.wav", sound.Render(client: false), closed);
            }

            if (closed)
            {
                File.WriteAllBytes(path + ".done", []);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotWritten(exception, path);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Demo PBX: recording {Path} could not be written")]
    private partial void LogNotWritten(Exception exception, string path);
}
