using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace CallCrm.CallRouter.Pbx;

/// <summary>Each PBX of the list by its annotations; an error names the element and the field.</summary>
sealed class PbxOptionsValidator : IValidateOptions<List<PbxOptions>>
{
    public ValidateOptionsResult Validate(string? name, List<PbxOptions> options)
    {
        var failures = new List<string>();
        for (var i = 0; i < options.Count; i++)
        {
            var results = new List<ValidationResult>();
            Validator.TryValidateObject(options[i], new ValidationContext(options[i]), results, validateAllProperties: true);
            failures.AddRange(results.Select(r => $"Pbx:{i}:{string.Join(',', r.MemberNames)}: {r.ErrorMessage}"));
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
