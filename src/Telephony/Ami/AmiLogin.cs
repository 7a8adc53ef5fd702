using System.Security.Cryptography;
using System.Text;

namespace CallCrm.Telephony.Ami;

/// <summary>The first steps on a new connection: greeting, login, filters, boot, and who the PBX is.</summary>
sealed class AmiLogin(
    AmiClientOptions options, TimeProvider time, AmiReader reader, Func<AmiAction, CancellationToken, Task<AmiListResponse>> send)
{
    string _banner = "";
    AmiResponse? _core;

    /// <summary>Null when logged in and ready.</summary>
    public async Task<AmiEnd?> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            _banner = await reader.Banner.Task.WaitAsync(options.ConnectTimeout, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return new AmiEnd(AmiLostReason.NotAmi, "no greeting line");
        }

        if (await LogInAsync(cancellationToken).ConfigureAwait(false) is { } failed)
            return failed;
        foreach (var filter in options.ServerFilters)
            await send(AmiActions.Filter(filter), cancellationToken).ConfigureAwait(false);
        try
        {
            await reader.Booted.Task.WaitAsync(options.BootWait, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Still booting, or a user who is not told: AmiConnected.FullyBooted says so.
        }

        _core = (await send(AmiActions.CoreSettings(), cancellationToken).ConfigureAwait(false)).Response;
        return null;
    }

    /// <summary>What is known of the PBX after <see cref="RunAsync"/>.</summary>
    public AmiConnected Session(int number)
    {
        var booted = reader.Booted.Task;
        return new AmiConnected(
            number,
            _banner,
            _core?["SystemName"] ?? "",
            _core?["AsteriskVersion"] ?? "",
            booted.IsCompletedSuccessfully,
            booted.IsCompletedSuccessfully ? UptimeOf(booted) : null);
    }

    async Task<AmiEnd?> LogInAsync(CancellationToken cancellationToken)
    {
        var login = new AmiAction("Login") { { "Username", options.User } };
        if (options.Md5Challenge)
        {
            var challenge = (await send(new AmiAction("Challenge") { { "AuthType", "MD5" } }, cancellationToken).ConfigureAwait(false)).Response;
            if (!challenge.IsSuccess || challenge["Challenge"] is not { } word)
                return Ended("Challenge", challenge);
            login.Add("AuthType", "MD5");
            login.Add("Key", Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(word + options.Secret))));
        }
        else
        {
            login.Add("Secret", options.Secret);
        }

        var response = (await send(login, cancellationToken).ConfigureAwait(false)).Response;
        return response.IsSuccess ? null : Ended("Login", response);
    }

    static AmiEnd Ended(string step, AmiResponse response) => response.Outcome switch
    {
        AmiOutcome.Error or AmiOutcome.Success => new AmiEnd(AmiLostReason.LoginRefused, $"{step}: {response.Message}"),
        AmiOutcome.NotSent => new AmiEnd(AmiLostReason.LoginRefused, $"{step}: {response.Message}"),
        AmiOutcome.TimedOut => new AmiEnd(AmiLostReason.LoginTimedOut, $"{step} was not answered"),
        _ => new AmiEnd(AmiLostReason.Broken, $"{step}: {response.Message}"),
    };

    static TimeSpan? UptimeOf(Task<TimeSpan?> booted) => booted.GetAwaiter().GetResult();
}
