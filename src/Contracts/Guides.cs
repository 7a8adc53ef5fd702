namespace CallCrm.Contracts;

/// <summary>GET /api/guides/{role}.</summary>
/// <param name="Language">Of the text: en, it or ru.</param>
/// <param name="Html">Made from our own Markdown, without scripts and without anybody's input.</param>
public sealed record GuideView(string Role, string Language, string Html);
